import {
  type AgentDescription,
  type EffectiveConfig,
  type EncodedMessage,
  encodeAgentMessage,
  equalBytes,
  type Heartbeat,
  type Random,
  type Tip,
} from '@stoa/protocol';
import type { Clock, Timer } from '#clock.ts';
import type { Cut } from '#collectors/cut.ts';
import { NewestLane } from '#outbox/lanes.ts';
import type { MetricsLane } from '#outbox/metrics-lane.ts';
import type { Outgoing } from '#outbox/outbox.ts';
import { uniform } from '#random.ts';
import { chainwebState, gaugesOf } from '#reports/gauges.ts';
import { type CoreFaults, HealthReport } from '#reports/health.ts';
import { type AgentCollectors, fresh } from '#reports/readings.ts';
import { TipTracker } from '#reports/tip-tracker.ts';

export interface ReporterOptions {
  clock: Clock;
  random: Random;
  collectors: AgentCollectors;
  metrics: MetricsLane;
  describe: () => AgentDescription;
  settings: () => EffectiveConfig;
  faults: () => CoreFaults;
  rttMs: () => number | undefined;
  natIdleMs: () => number | undefined;
  /** A lane has something new. */
  ready: () => void;
  /** A heartbeat is due: what else is done in its rhythm. */
  beat: () => void;
  /** For the evidence: what was sent, tips also as the payload of a report. */
  sentTips: (tips: readonly Tip[], payload: Uint8Array) => void;
  sentHeartbeat: (heartbeat: Heartbeat) => void;
  sentDescription: (description: AgentDescription) => void;
}

/** Bounds of the interval that a hub may ask for. */
const INTERVAL_MS = { least: 1_000, most: 60_000 };
const JITTER = 0.2;
/** New tips are told so often within a heartbeat interval at most: the interval follows the region's load. */
const TIP_SHARE = 1 / 3;
/** Tips older than that are no news, nor fit for a full report. */
const TIPS_FRESH_MS = 120_000;
/** While there is no session. */
const SAMPLE_MS = 60_000;
const MAX_U32 = 0xffff_ffff;

/**
 * What the node tells of itself, and when: heartbeats in the hub's rhythm, tips as they change, slow facts at the start
 * of a session and when they change, samples for later while there is none. Reads the collectors' last values only, so
 * nothing that hangs holds up a heartbeat (F29).
 */
export class Reporter {
  readonly heartbeats: NewestLane = new NewestLane();
  readonly tips: NewestLane = new NewestLane();
  readonly #options: ReporterOptions;
  readonly #tracker = new TipTracker();
  readonly #health: HealthReport;
  readonly #startedMs: number;
  readonly #unsubscribe: () => void;
  #intervalMs = 0;
  #timer: Timer | undefined;
  #tipTimer: Timer | undefined;
  #tipsAt = Number.NEGATIVE_INFINITY;
  #described: Uint8Array | undefined;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#health = new HealthReport(options.clock);
    this.#startedMs = options.clock.monotonic();
    this.#unsubscribe = options.collectors.onValue('cut', (cut) => this.#cutChanged(cut));
    this.#sample();
  }

  get intervalMs(): number | undefined {
    return this.#intervalMs || undefined;
  }

  opened(heartbeatMs: number): void {
    this.#intervalMs = Math.min(INTERVAL_MS.most, Math.max(INTERVAL_MS.least, heartbeatMs));
    this.fullState();
    this.#arm();
  }

  /** Everything, whether it changed or not: a new session, or a hub that asks for it. */
  fullState(): void {
    this.#tracker.reset();
    this.#wantHeartbeat();
    this.heartbeats.want('description', () => this.#description());
    this.heartbeats.want('settings', () => ({
      message: encodeAgentMessage('effectiveConfig', this.#options.settings()),
    }));
    this.heartbeats.want('health', () => this.#healthReport());
    this.#options.ready();
  }

  acknowledged(seq: number): void {
    this.#tracker.acknowledged(seq);
  }

  lost(): void {
    this.#intervalMs = 0;
    this.#cancel();
    this.heartbeats.clear();
    this.tips.clear();
    this.#sample();
  }

  stop(): void {
    this.#cancel();
    this.#unsubscribe();
  }

  #cancel(): void {
    this.#timer?.cancel();
    this.#tipTimer?.cancel();
    this.#tipTimer = undefined;
  }

  #arm(): void {
    const { clock, random } = this.#options;
    const spread = JITTER * this.#intervalMs;
    this.#timer?.cancel();
    this.#timer = clock.after(uniform(random, this.#intervalMs - spread, this.#intervalMs + spread), () => {
      this.#arm();
      this.#beat();
    });
  }

  #beat(): void {
    const { collectors, faults, ready, beat } = this.#options;
    this.#wantHeartbeat();
    if (this.#health.look(collectors, faults()).changed)
      this.heartbeats.want('health', () => this.#healthReport());
    const { payload } = encodeAgentMessage('agentDescription', this.#options.describe());
    if (this.#described === undefined || !equalBytes(payload, this.#described))
      this.heartbeats.want('description', () => this.#description());
    ready();
    beat();
  }

  #wantHeartbeat(): void {
    this.heartbeats.want('heartbeat', () => this.#heartbeat());
  }

  #heartbeat(): Outgoing {
    const { clock, collectors, metrics, rttMs, natIdleMs, sentHeartbeat } = this.#options;
    const tips = this.#changedTips();
    const heartbeat: Heartbeat = {
      sentAt: Math.max(0, Math.round(clock.now())),
      uptimeS: Math.min(MAX_U32, Math.floor((clock.monotonic() - this.#startedMs) / 1_000)),
      gauges: gaugesOf(collectors, rttMs()),
      chainweb: chainwebState(collectors),
      natIdleS: Math.min(0xffff, Math.floor((natIdleMs() ?? 0) / 1_000)),
      droppedSamples: Math.min(MAX_U32, metrics.dropped),
      tips,
    };
    return {
      message: encodeAgentMessage('heartbeat', heartbeat),
      sent: (seq) => {
        sentHeartbeat(heartbeat);
        this.#sentTips(seq, tips);
      },
    };
  }

  #description(): Outgoing {
    const description = this.#options.describe();
    const message = encodeAgentMessage('agentDescription', description);
    this.#described = message.payload;
    return { message, sent: () => this.#options.sentDescription(description) };
  }

  #healthReport(): Outgoing {
    const { health } = this.#health.look(this.#options.collectors, this.#options.faults());
    return { message: encodeAgentMessage('componentHealth', health) };
  }

  /** A stream tells each new block: they are gathered, since a chain of ten makes one every three seconds. */
  #cutChanged(cut: Cut): void {
    if (this.#intervalMs === 0 || cut.source !== 'stream' || this.#tipTimer !== undefined) return;
    const { clock, ready } = this.#options;
    const waitMs = this.#tipsAt + TIP_SHARE * this.#intervalMs - clock.monotonic();
    this.#tipTimer = clock.after(Math.max(0, Math.ceil(waitMs)), () => {
      this.#tipTimer = undefined;
      this.tips.want('tips', () => this.#tipReport());
      ready();
    });
  }

  #tipReport(): Outgoing | undefined {
    const tips = this.#changedTips();
    if (tips.length === 0) return undefined;
    return { message: tipMessage(tips), sent: (seq) => this.#sentTips(seq, tips) };
  }

  #changedTips(): Tip[] {
    const cut = fresh(this.#options.collectors, 'cut', TIPS_FRESH_MS);
    return cut === undefined ? [] : this.#tracker.changed(cut.tips);
  }

  #sentTips(seq: number, tips: readonly Tip[]): void {
    if (tips.length === 0) return;
    this.#tipsAt = this.#options.clock.monotonic();
    this.#tracker.sent(seq, tips);
    this.#options.sentTips(tips, tipMessage(tips).payload);
  }

  #sample(): void {
    const { clock, collectors, metrics } = this.#options;
    this.#timer?.cancel();
    this.#timer = clock.after(SAMPLE_MS, () => {
      metrics.add(gaugesOf(collectors, undefined));
      this.#sample();
    });
  }
}

function tipMessage(tips: readonly Tip[]): EncodedMessage {
  return encodeAgentMessage('tipReport', { tips: [...tips] });
}
