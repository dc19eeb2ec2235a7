import {
  type HubMessage,
  LIMITS,
  type NodeCredential,
  ProtocolError,
  type Revoke,
  toHex,
  type Welcome,
} from '@stoa/protocol';
import { Channel } from '#channel/channel.ts';
import { type IdleProbe, NatIdle } from '#channel/nat-idle.ts';
import type { Transports } from '#channel/transport.ts';
import { type Clock, type Timer, withDeadline } from '#clock.ts';
import type { HostFacts } from '#collectors/host-facts.ts';
import type { AgentConfig, ConfigHost } from '#config.ts';
import type { Disk } from '#disk.ts';
import { describeError } from '#error.ts';
import { Evidence } from '#evidence/evidence.ts';
import { identityDirectory } from '#identity/identity.ts';
import { IdentityStore } from '#identity/identity-store.ts';
import { Rotation } from '#identity/rotation.ts';
import type { Log } from '#log.ts';
import { FifoLane, joinLanes } from '#outbox/lanes.ts';
import { MetricsLane } from '#outbox/metrics-lane.ts';
import { type LaneName, Outbox } from '#outbox/outbox.ts';
import type { Random } from '#random.ts';
import { describeAgent } from '#reports/description.ts';
import { effectiveSettings } from '#reports/effective-config.ts';
import { type FetchHeader, HeaderReplies } from '#reports/header-replies.ts';
import type { AgentCollectors } from '#reports/readings.ts';
import { Reporter } from '#reports/reporter.ts';
import type { LinkStatus, OutboxStatus } from '#status/snapshot.ts';

export interface AgentOptions {
  config: AgentConfig;
  /** Whose defaults tell which settings were changed. */
  configHost?: ConfigHost;
  clock: Clock;
  disk: Disk;
  random: Random;
  log: Log;
  transports: Transports;
  collectors: AgentCollectors;
  /** From the node's own API. */
  fetchHeader: FetchHeader;
  hostFacts: HostFacts;
  /** The NAT is not measured without it. */
  idleProbe?: IdleProbe | undefined;
  /** Time that the node's own verified chain tips prove, ms since 1970. */
  provenChainTime?: (() => number | undefined) | undefined;
  version: string;
  /** Such as `node 24.21.0`. */
  runtime: string;
}

export type AgentEnd = 'stopped' | 'revoked';

/** One node's agent, from its identity on disk to its session: everything that touches the world comes in as an argument. */
export interface Agent {
  /** Hex. */
  readonly nodeId: string;
  /** Connects at once. Idempotent. */
  start(): void;
  /** Says goodbye and leaves no timer; within ten seconds whatever hangs (F33). */
  stop(): Promise<void>;
  link(): LinkStatus;
  outbox(): OutboxStatus;
  /** After `stop`, or a Revoke that the root signed. Nothing else ends an agent (F08). */
  readonly ended: Promise<AgentEnd>;
}

/** @throws NotEnrolledError, NodeRevokedError, RecordDamagedError, DiskError */
export async function createAgent(options: AgentOptions): Promise<Agent> {
  const { disk, config, random, clock, log } = options;
  const store = await IdentityStore.open(disk, identityDirectory(config));
  const bootId = random(16);
  // The core is made of these two, and they tell it when they have something for it.
  const wires = { ready: (): void => undefined, measured: (): void => undefined };
  const evidence = await Evidence.open({
    clock,
    random,
    disk,
    log,
    store,
    bootId,
    ready: () => wires.ready(),
  });
  const natIdle = await NatIdle.open({
    clock,
    random,
    disk,
    nodeDirectory: store.nodeDirectory,
    log,
    probe: options.idleProbe,
    hubNow: () => evidence.hubTime.now,
    measured: () => wires.measured(),
  });
  const core = new AgentCore(options, { store, bootId, evidence, natIdle });
  wires.ready = () => core.pump();
  wires.measured = () => core.adaptPing();
  return core;
}

interface Parts {
  store: IdentityStore;
  bootId: Uint8Array;
  evidence: Evidence;
  natIdle: NatIdle;
}

const CONTROL_BOUND = 64;
const LOGS_BOUND = 256;
const STOP_MS = 5_000;
/** What a hub that is short of breath is spared. */
const DEFERRABLE: readonly LaneName[] = ['tips', 'results', 'logs', 'metrics'];

class AgentCore implements Agent {
  readonly nodeId: string;
  readonly ended: Promise<AgentEnd>;
  readonly #options: AgentOptions;
  readonly #parts: Parts;
  readonly #channel: Channel;
  readonly #control = new FifoLane(CONTROL_BOUND);
  readonly #logs = new FifoLane(LOGS_BOUND);
  readonly #metrics: MetricsLane;
  readonly #reporter: Reporter;
  readonly #outbox: Outbox;
  readonly #headers: HeaderReplies;
  readonly #rotation: Rotation;
  #storageFault: unknown;
  #throttle: Timer | undefined;
  #end: (end: AgentEnd) => void = () => undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: AgentOptions, parts: Parts) {
    const { clock, random, log, collectors, config, transports } = options;
    const { store, bootId, evidence, natIdle } = parts;
    this.#options = options;
    this.#parts = parts;
    this.nodeId = toHex(store.nodeId);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#channel = new Channel({
      clock,
      random,
      log,
      store,
      transports,
      configured: config.transport,
      agentVersion: options.version,
      bootId,
      natIdleMs: () => natIdle.idleMs,
      provenChainTime: () => options.provenChainTime?.(),
      listener: {
        opened: (welcome) => this.#opened(welcome),
        acknowledged: (seq) => this.#reporter.acknowledged(seq),
        message: (message) => this.#message(message),
        drained: () => this.pump(),
        lost: () => this.#lost(),
        unsaved: (error) => this.#unsaved(error),
        revoked: (revocation) => this.#revoked(revocation),
      },
    });
    this.#metrics = new MetricsLane({ clock, ready: () => this.pump() });
    this.#reporter = new Reporter({
      clock,
      random,
      collectors,
      metrics: this.#metrics,
      describe: () => describeAgent(collectors, { ...options, host: options.hostFacts }),
      settings: effectiveSettings(config, options.configHost ?? { root: true, home: '/root' }),
      faults: () => {
        const { fault, alarm } = evidence.health;
        return { storage: this.#storageFault, evidence: fault, spoolAlarm: alarm };
      },
      rttMs: () => this.#channel.rttMs,
      natIdleMs: () => natIdle.idleMs,
      ready: () => this.pump(),
      beat: () => this.#beat(),
      sentTips: (payload) => evidence.sentTips(payload),
      sentInputs: (payload) => evidence.sentInputs(payload),
    });
    const replies = new FifoLane(CONTROL_BOUND);
    this.#headers = new HeaderReplies({
      fetchHeader: options.fetchHeader,
      log,
      send: (message) => {
        replies.offer(message);
        this.pump();
      },
    });
    this.#outbox = new Outbox({
      control: this.#control,
      heartbeat: this.#reporter.heartbeats,
      tips: joinLanes(this.#reporter.tips, replies),
      results: evidence.lane,
      logs: this.#logs,
      metrics: this.#metrics,
    });
    this.#rotation = new Rotation({
      store,
      log,
      send: (message) => {
        this.#control.offer(message);
        this.pump();
      },
      settled: () => evidence.health.pending === 0,
      hubNow: () => evidence.hubTime.now,
      accepted: () => this.#channel.renew('the key was rotated'),
    });
  }

  start(): void {
    this.#options.collectors.start();
    this.#channel.start();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  link(): LinkStatus {
    const { store, natIdle } = this.#parts;
    return { ...this.#channel.status(), hubUrl: store.identity.hubs[0]!, natIdleMs: natIdle.idleMs };
  }

  outbox(): OutboxStatus {
    return { waiting: this.#parts.evidence.health.pending, droppedSamples: this.#metrics.dropped };
  }

  pump(): void {
    this.#outbox.pump();
  }

  adaptPing(): void {
    this.#channel.adaptPing();
  }

  async #stop(): Promise<void> {
    const { clock, collectors, log } = this.#options;
    collectors.stop();
    this.#parts.natIdle.stop();
    await this.#channel.stop();
    this.#reporter.stop();
    this.#metrics.stop();
    this.#throttle?.cancel();
    const { evidence, store } = this.#parts;
    // A session state that reached the disk after the next start had written its own would make this node a stale copy.
    await withDeadline(clock, { ms: STOP_MS, what: 'writing the last evidence' }, () =>
      Promise.all([evidence.stop(), store.settled()]),
    ).catch((error: unknown) => log.warn('stop-incomplete', { ...describeError(error) }));
    this.#end('stopped');
  }

  #opened(welcome: Welcome): void {
    const { evidence, natIdle, store } = this.#parts;
    evidence.opened(welcome);
    this.#rotation.opened();
    const channel = this.#channel;
    this.#outbox.attach({
      send: (message) => channel.send(message),
      get buffered() {
        return channel.buffered;
      },
    });
    this.#reporter.opened(welcome.heartbeatMs);
    natIdle.start({ origin: store.identity.hubs[0]!, cookie: welcome.cookie.slice() });
  }

  #lost(): void {
    this.#outbox.detach();
    this.#throttle?.cancel();
    this.#control.clear();
    this.#headers.lost();
    this.#reporter.lost();
    this.#parts.natIdle.stop();
    this.#parts.evidence.lost();
  }

  #message(message: HubMessage): void {
    const { evidence } = this.#parts;
    switch (message.name) {
      case 'heartbeatAck':
      case 'pong':
        evidence.acknowledged(message.value.hubTime);
        break;
      case 'headerRequest':
        this.#headers.request(message.value);
        break;
      case 'reportFullState':
        this.#reporter.fullState();
        break;
      case 'receipt':
        evidence.receipt(message.value);
        break;
      case 'throttle':
        this.#hold(message.value.retryAfterMs);
        break;
      case 'error':
        this.#rotation.refused(message.value);
        break;
      case 'keyAccepted':
        this.#keyAccepted(message.value.credential);
        break;
      default:
        throw new ProtocolError('malformed', `a ${message.name} frame within a session`);
    }
  }

  #hold(delayMs: number): void {
    this.#outbox.hold(DEFERRABLE);
    this.#throttle?.cancel();
    const clamped = Math.min(delayMs, LIMITS.hubDelayAfterAuthMs);
    this.#throttle = this.#options.clock.after(clamped, () => this.#outbox.hold([]));
  }

  /** In the rhythm of heartbeats: what another process asked for, and what could not be stored before. */
  #beat(): void {
    this.#attempt('rotation-unread', () => this.#rotation.look());
    if (this.#storageFault === undefined) return;
    this.#attempt('session-unsaved', async () => {
      await this.#parts.store.saveSession({});
      this.#storageFault = undefined;
    });
  }

  #keyAccepted(credential: NodeCredential): void {
    this.#attempt('rotation-not-taken', () => this.#rotation.take(credential));
  }

  #unsaved(error: unknown): void {
    this.#storageFault = error;
    this.#options.log.error('session-unsaved', { ...describeError(error) });
  }

  #revoked({ serial, at }: Revoke): void {
    const { store } = this.#parts;
    this.#options.log.error('node-revoked', { nodeId: this.nodeId, serial });
    this.#attempt('identity-not-wiped', async () => {
      try {
        await store.revoke({ nodeId: store.nodeId, serial, at });
      } finally {
        await this.stop();
      }
    });
    this.#end('revoked');
  }

  #attempt(what: string, task: () => Promise<void>): void {
    task().catch((error: unknown) => this.#options.log.error(what, { ...describeError(error) }));
  }
}
