import {
  CAPABILITY,
  type EncodedMessage,
  type HubMessage,
  hasCapability,
  type NodeCredential,
  ProtocolError,
  type Revoke,
  toHex,
  type Welcome,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Agent, AgentEnd, AgentOptions } from '#agent-options.ts';
import { Audits } from '#audit/audits.ts';
import { Channel } from '#channel/channel.ts';
import type { NatIdle } from '#channel/nat-idle.ts';
import { withDeadline } from '#clock.ts';
import { DialBacks } from '#dial-back/dial-backs.ts';
import { describeError } from '#error.ts';
import type { Evidence } from '#evidence/evidence.ts';
import type { IdentityStore } from '#identity/identity-store.ts';
import type { OwnerKeyStatus } from '#identity/owner-key-pin.ts';
import { ownerKeyStatus } from '#identity/owner-key-pin.ts';
import { Rotation } from '#identity/rotation.ts';
import type { LinkStatus, OutboxStatus } from '#status/snapshot.ts';
import { Traffic } from '#traffic.ts';
import type { Work } from '#work/work.ts';
import type { WorkStatus } from '#work/work-status.ts';

/** What was opened from disk. */
export interface AgentParts {
  store: IdentityStore;
  bootId: Uint8Array;
  evidence: Evidence;
  natIdle: NatIdle;
  work: Work;
}

const STOP_MS = 5_000;

/** Brings the parts together over the life of the process: start, sessions as they come and go, stop. */
export class AgentCore implements Agent {
  readonly nodeId: string;
  readonly ended: Promise<AgentEnd>;
  readonly #options: AgentOptions;
  readonly #parts: AgentParts;
  readonly #channel: Channel;
  readonly #traffic: Traffic;
  readonly #rotation: Rotation;
  readonly #dialBacks: DialBacks | undefined;
  readonly #audits: Audits | undefined;
  #regionTime: { regionTime: Uint8Array; authority: Uint8Array } | undefined;
  #storageFault: unknown;
  #end: (end: AgentEnd) => void = () => undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: AgentOptions, parts: AgentParts) {
    const { store, bootId, evidence, natIdle, work } = parts;
    this.#options = options;
    this.#parts = parts;
    this.nodeId = toHex(store.nodeId);
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.#channel = new Channel({
      ...options,
      store,
      configured: options.config.transport,
      agentVersion: options.version,
      bootId,
      capabilities: capabilitiesOf(options),
      natIdleMs: () => natIdle.idleMs,
      provenChainTime: () => options.provenChainTime?.(),
      listener: {
        opened: (welcome) => this.#opened(welcome),
        acknowledged: (seq) => this.#traffic.acknowledged(seq),
        message: (message) => this.#message(message),
        drained: () => this.pump(),
        lost: () => this.#lost(),
        unsaved: (error) => this.#unsaved(error),
        revoked: (revocation) => this.#revoked(revocation),
      },
    });
    this.#traffic = new Traffic({
      agent: options,
      evidence,
      natIdle,
      work,
      rttMs: () => this.#channel.rttMs,
      storageFault: () => this.#storageFault,
      ownerKey: () => store.ownerKey,
      beat: () => this.#beat(),
    });
    this.#rotation = new Rotation({
      store,
      log: options.log,
      send: (message) => this.#traffic.send(message),
      settled: () => evidence.health.pending + work.pending === 0,
      hubNow: () => evidence.hubTime.now,
      accepted: () => this.#channel.renew('the key was rotated'),
    });
    const { clock, log, fetchPayload } = options;
    this.#audits =
      fetchPayload &&
      new Audits({
        ...{ clock, log, fetchPayload, hash: nodeCrypto.hash, nodeId: store.nodeId },
        key: () => store.key,
        send: (message) => this.#traffic.send(message),
      });
    this.#dialBacks =
      options.dialBack &&
      new DialBacks({
        ...{ ...options.dialBack, clock: options.clock, log: options.log },
        nodeId: store.nodeId,
        key: () => store.key,
        send: (message) => this.#traffic.send(message),
      });
  }

  get ownerKey(): OwnerKeyStatus | undefined {
    return ownerKeyStatus(this.#parts.store.ownerKey);
  }

  get updateOnly(): boolean {
    return this.#options.updateOnly ?? false;
  }

  start(): void {
    // First: the way to the hub takes its time, and what the collectors read of the host is wanted at its end.
    this.#channel.start();
    if (!this.updateOnly) this.#options.collectors.start();
    this.#options.updates?.start();
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  regionTime(): { regionTime: Uint8Array; authority: Uint8Array } | undefined {
    return this.#regionTime;
  }

  provenTime(): number {
    const { store, evidence } = this.#parts;
    const floor = Math.max(store.floors.timeFloor, this.#options.provenChainTime?.() ?? 0);
    // Carried on by a clock that counts in fractions.
    return Math.floor(Math.max(floor, evidence.hubTime.now ?? 0));
  }

  hubTime(): number | undefined {
    const { now } = this.#parts.evidence.hubTime;
    return now === undefined ? undefined : Math.floor(now);
  }

  holdWork(held: boolean): void {
    this.#parts.work.hold(held);
  }

  link(): LinkStatus {
    const { natIdle } = this.#parts;
    return { ...this.#channel.status(), hubUrl: this.#channel.hubUrl, natIdleMs: natIdle.idleMs };
  }

  outbox(): OutboxStatus {
    const { evidence, work } = this.#parts;
    return {
      waiting: evidence.health.pending + work.pending,
      droppedSamples: this.#traffic.droppedSamples,
    };
  }

  work(): WorkStatus {
    return this.#parts.work.status();
  }

  async look(): Promise<void> {
    await this.#parts.work.look();
  }

  pump(): void {
    this.#traffic.pump();
  }

  adaptPing(): void {
    this.#channel.adaptPing();
  }

  async #stop(): Promise<void> {
    const { clock, collectors, log, updates } = this.#options;
    collectors.stop();
    updates?.stop();
    const { evidence, store, natIdle, work } = this.#parts;
    natIdle.stop();
    // Jobs are ended meanwhile: a command takes its time to heed a TERM.
    const worked = work.stop();
    await this.#channel.stop();
    this.#traffic.stop();
    // A session state that reached the disk after the next start had written its own would make this node a stale copy.
    await withDeadline(clock, { ms: STOP_MS, what: 'ending the work and writing the last evidence' }, () =>
      Promise.all([evidence.stop(), store.settled(), worked]),
    ).catch((error: unknown) => log.warn('stop-incomplete', { ...describeError(error) }));
    this.#end('stopped');
  }

  #opened(welcome: Welcome): void {
    const { evidence, natIdle, store, work } = this.#parts;
    const { regionTime, authority } = welcome;
    if (regionTime.length > 0)
      this.#regionTime = { regionTime: regionTime.slice(), authority: authority.slice() };
    evidence.opened(welcome);
    this.#rotation.opened();
    const channel = this.#channel;
    const sink = {
      send: (message: EncodedMessage) => channel.send(message),
      get buffered() {
        return channel.buffered;
      },
    };
    this.#traffic.opened(sink, welcome.heartbeatMs);
    evidence.askSettled(welcome, (message) => this.#traffic.send(message));
    work.opened(welcome);
    this.#updatesOpened(welcome);
    natIdle.start({ origin: store.identity.hubs[0]!, cookie: welcome.cookie.slice() });
  }

  #updatesOpened({ capabilities }: Welcome): void {
    const { updates } = this.#options;
    updates?.connected();
    if (hasCapability(capabilities, 'updates')) updates?.opened((message) => this.#traffic.send(message));
  }

  #lost(): void {
    this.#traffic.lost();
    this.#dialBacks?.lost();
    this.#audits?.lost();
    this.#options.updates?.lost();
    this.#parts.natIdle.stop();
    this.#parts.evidence.lost();
    this.#parts.work.lost();
  }

  #message(message: HubMessage): void {
    const { evidence } = this.#parts;
    switch (message.name) {
      case 'heartbeatAck':
      case 'pong':
        evidence.acknowledged(message.value.hubTime);
        break;
      case 'headerRequest':
        this.#traffic.headersWanted(message.value);
        break;
      case 'reportFullState':
        this.#traffic.fullStateWanted();
        break;
      case 'receipt':
        evidence.receipt(message.value);
        break;
      case 'settledReceipt':
        evidence.settled(message.value);
        break;
      case 'throttle':
        this.#traffic.throttle(message.value.retryAfterMs);
        break;
      case 'error':
        this.#rotation.refused(message.value);
        break;
      case 'keyAccepted':
        this.#keyAccepted(message.value.credential);
        break;
      case 'ownerKeyChange':
        this.#ownerKeyChanged(message.value.sealed);
        break;
      case 'dialBack':
        this.#dialBacks?.request(message.value);
        break;
      case 'auditChallenge':
        this.#audits?.challenged(message.value);
        break;
      case 'updateAssignment':
        this.#options.updates?.assigned(message.value);
        break;
      default:
        if (!this.#parts.work.message(message))
          throw new ProtocolError('malformed', `a ${message.name} frame within a session`);
    }
  }

  /** In the rhythm of heartbeats: what another process asked for, and what could not be stored before. */
  #beat(): void {
    this.#attempt('rotation-unread', () => this.#rotation.look());
    this.#attempt('work-unread', () => this.look());
    if (this.#storageFault === undefined) return;
    this.#attempt('session-unsaved', async () => {
      await this.#parts.store.saveSession({});
      this.#storageFault = undefined;
    });
  }

  #keyAccepted(credential: NodeCredential): void {
    this.#attempt('rotation-not-taken', () => this.#rotation.take(credential));
  }

  /** What came of it is told to the hub either way. */
  #ownerKeyChanged(sealed: Uint8Array): void {
    this.#attempt('owner-key-refused', async () => {
      try {
        await this.#parts.store.followOwnerKey(sealed);
      } finally {
        this.#traffic.fullStateWanted();
      }
    });
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

/** What the hub may send frames of. Below the signed floor nothing but updates is trusted to be right. */
function capabilitiesOf({ updates, dialBack, fetchPayload, updateOnly = false }: AgentOptions): number {
  const offered = {
    updates: updates !== undefined,
    dialBack: dialBack !== undefined && !updateOnly,
    receipts: !updateOnly,
    audits: fetchPayload !== undefined && !updateOnly,
  };
  return Object.entries(offered).reduce(
    (all, [name, isOffered]) => (isOffered ? all | CAPABILITY[name as keyof typeof offered] : all),
    0,
  );
}
