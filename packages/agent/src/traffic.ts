import { type EncodedMessage, type HeaderRequest, LIMITS } from '@stoa/protocol';
import type { AgentOptions } from '#agent-options.ts';
import type { NatIdle } from '#channel/nat-idle.ts';
import type { Timer } from '#clock.ts';
import type { Evidence } from '#evidence/evidence.ts';
import type { OwnerKeyPin } from '#identity/owner-key-pin.ts';
import { FifoLane, joinLanes } from '#outbox/lanes.ts';
import { MetricsLane } from '#outbox/metrics-lane.ts';
import { type LaneName, Outbox, type Sink } from '#outbox/outbox.ts';
import { describeAgent } from '#reports/description.ts';
import { effectiveSettings } from '#reports/effective-config.ts';
import { HeaderReplies } from '#reports/header-replies.ts';
import { Reporter } from '#reports/reporter.ts';
import type { Work } from '#work/work.ts';

export interface TrafficOptions {
  agent: AgentOptions;
  evidence: Evidence;
  natIdle: NatIdle;
  work: Pick<Work, 'lanes' | 'alarm' | 'fault'>;
  rttMs: () => number | undefined;
  /** Why the session's state is not on disk. */
  storageFault: () => unknown;
  /** What the host has pinned. */
  ownerKey: () => OwnerKeyPin | undefined;
  /** A heartbeat is due: what else is done in its rhythm. */
  beat: () => void;
}

const CONTROL_BOUND = 64;
/** What a hub that is short of breath is spared. */
const DEFERRABLE: readonly LaneName[] = ['tips', 'results', 'logs', 'metrics'];

/** All that this node sends: the lanes, what fills them, and the outbox that empties them into the session. */
export class Traffic {
  readonly #options: TrafficOptions;
  readonly #control = new FifoLane(CONTROL_BOUND);
  readonly #replies = new FifoLane(CONTROL_BOUND);
  readonly #metrics: MetricsLane;
  readonly #reporter: Reporter;
  readonly #headers: HeaderReplies;
  readonly #outbox: Outbox;
  #throttle: Timer | undefined;

  constructor(options: TrafficOptions) {
    const { agent, evidence, work } = options;
    this.#options = options;
    this.#metrics = new MetricsLane({ clock: agent.clock, ready: () => this.pump() });
    this.#reporter = this.#makeReporter();
    this.#headers = new HeaderReplies({
      fetchHeader: agent.fetchHeader,
      log: agent.log,
      send: (message) => this.#offer(this.#replies, message),
    });
    this.#outbox = new Outbox({
      control: joinLanes(this.#control, work.lanes.control),
      heartbeat: this.#reporter.heartbeats,
      tips: joinLanes(this.#reporter.tips, this.#replies),
      results: joinLanes(evidence.lane, work.lanes.results),
      logs: work.lanes.logs,
      metrics: this.#metrics,
    });
  }

  get droppedSamples(): number {
    return this.#metrics.dropped;
  }

  opened(sink: Sink, heartbeatMs: number): void {
    this.#outbox.attach(sink);
    this.#reporter.opened(heartbeatMs);
  }

  /** What was for that session alone goes with it. */
  lost(): void {
    this.#outbox.detach();
    this.#throttle?.cancel();
    this.#control.clear();
    this.#replies.clear();
    this.#headers.lost();
    this.#reporter.lost();
  }

  stop(): void {
    this.#reporter.stop();
    this.#metrics.stop();
    this.#throttle?.cancel();
  }

  /** A lane has got something, or the link has drained. */
  pump(): void {
    this.#outbox.pump();
  }

  acknowledged(seq: number): void {
    this.#reporter.acknowledged(seq);
  }

  /** Before all else. */
  send(message: EncodedMessage): void {
    this.#offer(this.#control, message);
  }

  headersWanted(request: HeaderRequest): void {
    this.#headers.request(request);
  }

  fullStateWanted(): void {
    this.#reporter.fullState();
  }

  /** The hub is short of breath: heartbeats and control only, for so long. */
  throttle(delayMs: number): void {
    this.#outbox.hold(DEFERRABLE);
    this.#throttle?.cancel();
    const clamped = Math.min(delayMs, LIMITS.hubDelayAfterAuthMs);
    this.#throttle = this.#options.agent.clock.after(clamped, () => this.#outbox.hold([]));
  }

  #makeReporter(): Reporter {
    const { agent, evidence, natIdle, work, rttMs, storageFault, ownerKey, beat } = this.#options;
    const { clock, random, collectors, config, configHost, hostFacts } = agent;
    return new Reporter({
      clock,
      random,
      collectors,
      metrics: this.#metrics,
      describe: () => describeAgent(collectors, { ...agent, host: hostFacts }),
      settings: () => effectiveSettings(config, configHost ?? { root: true, home: '/root' }, ownerKey()),
      faults: () => {
        const { fault, alarm } = evidence.health;
        return {
          storage: storageFault(),
          evidence: fault,
          work: work.fault,
          spoolAlarm: alarm || work.alarm,
          refusedOwnerKey: ownerKey()?.refused,
        };
      },
      rttMs,
      natIdleMs: () => natIdle.idleMs,
      ready: () => this.pump(),
      beat,
      sentTips: (tips, payload) => evidence.sentTips(tips, payload),
      sentHeartbeat: (heartbeat) => evidence.sentHeartbeat(heartbeat),
      sentDescription: (description) => evidence.sentDescription(description),
    });
  }

  #offer(lane: FifoLane, message: EncodedMessage): void {
    lane.offer(message);
    this.pump();
  }
}
