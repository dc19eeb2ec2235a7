import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createLog as createAgentLog,
  IdentityStore,
  identityDirectory,
  type JobHandlers,
  loadConfig,
  MemoryDisk,
  Outbox,
  pinOwnerKey,
  type RunningJob,
  storeIdentity,
  type Unsynced,
  VirtualClock,
  Work,
} from '@stoa/agent';
import { createLog, type DbAdapter } from '@stoa/hub';
import { Bus } from '@stoa/hub/bus';
import { type AgentSession, createJobs, type Jobs } from '@stoa/hub/jobs';
import { Liveness, parseSelector } from '@stoa/hub/nodes';
import type { Viewer } from '@stoa/hub/viewer';
import {
  decodeAgentMessage,
  decodeHubMessage,
  type EncodedMessage,
  encodeHubMessage,
  fromHex,
  type HubMessage,
  isKindName,
  type KindName,
  kindOf,
  orderKind,
  type ParamValues,
  peek,
  toHex,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { asHubClock } from '../world/clocks.ts';
import { Quiescence } from '../world/quiescence.ts';
import { identityOf, orderFor, owner, partyOf } from './lease-region.ts';

const START = Date.UTC(2026, 5, 1);
const NOTHING = { take: () => undefined };
const DIRECTORY = identityDirectory({ dataDir: '/data', instance: 'default' });
const PERIOD_MS = 5_000;
const PARAMS: Readonly<Partial<Record<KindName, ParamValues>>> = {
  'stoachain-control': { action: 'restart' },
};

export const VIEWER: Viewer = {
  accountId: 'a',
  email: 'owner@example.org',
  tier: 'ancient',
  confirmedAt: Number.MAX_SAFE_INTEGER / 2,
  keyScopes: undefined,
};

interface Connection {
  readonly session: AgentSession;
  readonly toHub: EncodedMessage[];
  readonly toAgent: EncodedMessage[];
}

/**
 * One node's work, the real code of both sides, over a link that keeps the order of frames and may be cut at any of them,
 * while either side may be killed at any time. The database and the node's disk are what survives.
 */
export class LeaseWorld implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly sql: DbAdapter['sql'];
  readonly nodeId: string;
  /** By effect (idempotency key): how often its handler began. */
  readonly effects = new Map<string, { kind: KindName; times: number }>();
  /** What neither side may ever do. */
  readonly violations: string[] = [];
  hub!: Jobs;
  work!: Work;
  readonly #disk: MemoryDisk;
  readonly #directory: string;
  readonly #running = new Map<string, { kind: KindName; end: (error?: Error) => void }>();
  #connection: Connection | undefined;
  #outbox!: Outbox;
  #epoch = 0;
  #instance = 'hub-1';

  private constructor(by: { clock: VirtualClock; sql: DbAdapter['sql']; directory: string }) {
    this.clock = by.clock;
    this.sql = by.sql;
    this.#directory = by.directory;
    this.#disk = new MemoryDisk({ now: () => by.clock.now() });
    this.nodeId = toHex(nodeCrypto.hash(publicKeyOf(identityOf('a'))));
  }

  /** @param database is emptied first. */
  static async open(database: DbAdapter): Promise<LeaseWorld> {
    const quiescence = new Quiescence();
    const { sql } = quiescence.observe(database);
    const clock = new VirtualClock(START, quiescence.settle);
    const directory = await mkdtemp(join(tmpdir(), 'stoa-lease-world-'));
    const world = new LeaseWorld({ clock, sql, directory });
    await sql`truncate jobs, job_batches, job_results, node_work, job_holders, nodes, sessions, audit_log cascade`;
    const { credential } = identityOf('a');
    await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at) values
      (${world.nodeId}, 'a', 'owner@example.org', 'eu', ${Buffer.from(publicKeyOf(identityOf('a')))}, ${Buffer.from(credential.node)},
      ${new Date(START)})`;
    await storeIdentity(world.#disk, DIRECTORY, identityOf('a'));
    await pinOwnerKey(world.#disk, DIRECTORY, { publicKey: owner.publicKey, serial: 1 });
    await world.#bootHub();
    await world.#bootAgent();
    // The node has said once what it can do: before, nobody submits anything to it.
    await world.connect('hub-1');
    await world.deliver('hub', world.underWay.toHub);
    world.cut();
    return world;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await this.hub.close();
    this.#disk.crashAfter(0);
    this.#endAll();
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** Whether anything more can be written on the node's disk. */
  set diskFull(full: boolean) {
    this.#disk.capacityBytes = full ? 0 : Number.POSITIVE_INFINITY;
  }

  get connected(): boolean {
    return this.#connection !== undefined;
  }

  /** Frames under way, by direction. */
  get underWay(): { toHub: number; toAgent: number } {
    return {
      toHub: this.#connection?.toHub.length ?? 0,
      toAgent: this.#connection?.toAgent.length ?? 0,
    };
  }

  get runningKinds(): KindName[] {
    return [...this.#running.values()].map(({ kind }) => kind);
  }

  async submit(kind: KindName): Promise<string> {
    const selector = parseSelector('');
    const params = PARAMS[kind] ?? {};
    const orderId = randomBytes(16);
    const order =
      kindOf(kind).class === 'read'
        ? undefined
        : orderFor(fromHex(this.nodeId), { kind, params, orderId, now: this.clock.now() });
    const request = { kind, params, selector, expected: 1, ...(order && { order }) };
    const { batchId } = await this.hub.desk.submit(VIEWER, request);
    await this.settle();
    return batchId;
  }

  async cancel(batchId: string): Promise<void> {
    await this.hub.desk.cancel(VIEWER, { batchId });
    await this.settle();
  }

  /** A new session, with either instance: the hub gives it the next epoch. */
  async connect(instance: string): Promise<void> {
    this.cut();
    if (instance !== this.#instance) await this.restartHub(instance);
    this.#epoch += 1;
    const connection: Connection = {
      toHub: [],
      toAgent: [],
      session: {
        node: { nodeId: this.nodeId, owner: 'owner@example.org', site: '198.51.100.0/24' },
        facts: { epoch: this.#epoch, quarantined: false },
        send: (name, value) => connection.session.sendEncoded(encodeHubMessage(name, value)),
        sendEncoded: (message) => {
          if (this.#connection === connection) connection.toAgent.push(message);
        },
      },
    };
    this.#connection = connection;
    await this
      .sql`insert into sessions (node_id, instance_id, epoch, session_id, boot_id, ratchet_current, connected_at,
        version, protocol, address, transport)
      values (${this.nodeId}, ${instance}, ${this.#epoch}, 's', 'b', '\\x00', ${new Date(this.clock.now())}, '1', 1,
        '198.51.100.7', 'websocket')
      on conflict (node_id) do update set instance_id = excluded.instance_id, epoch = excluded.epoch, ended_at = null`;
    this.#outbox.attach({
      buffered: 0,
      send: ({ type, payload }) => {
        connection.toHub.push({ type, payload: payload.slice() });
        return 0;
      },
    });
    this.work.opened({ quarantined: false });
    await this.settle();
  }

  /** What is under way is lost. */
  cut(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    this.#connection = undefined;
    this.#outbox.detach();
    this.work.lost();
    this.hub.frames.ended(connection.session);
  }

  /** The next frames arrive, in their order. */
  async deliver(to: 'hub' | 'agent', frames: number): Promise<void> {
    for (let i = 0; i < frames; i += 1) {
      const connection = this.#connection;
      const frame = (to === 'hub' ? connection?.toHub : connection?.toAgent)?.shift();
      if (connection === undefined || frame === undefined) break;
      if (to === 'hub') this.#hubTakes(connection.session, frame);
      else this.#agentTakes(decodeHubMessage(frame.type, frame.payload.slice()));
    }
    await this.settle();
  }

  /** A handler comes to its end. */
  async finish(index: number, error?: Error): Promise<void> {
    const all = [...this.#running.keys()];
    const key = all[index % Math.max(1, all.length)];
    if (key !== undefined) this.#end(key, error);
    await this.settle();
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += PERIOD_MS) {
      await this.clock.advance(Math.min(PERIOD_MS, ms - passed));
      for (const task of this.hub.tasks) await task.tick();
      await this.settle();
    }
  }

  /** kill -9, or a power cut: what is not on the medium is lost, torn or kept. */
  async killAgent(unsynced: Unsynced): Promise<void> {
    this.#disk.crashAfter(0);
    this.cut();
    void this.work.stop();
    this.#endAll();
    await this.settle();
    this.#disk.restart(unsynced);
    await this.#bootAgent();
  }

  async restartHub(instance: string = this.#instance): Promise<void> {
    this.cut();
    await this.hub.close();
    this.#instance = instance;
    await this.#bootHub();
  }

  settle(): Promise<void> {
    // The batchers' windows.
    return this.clock.advance(25);
  }

  async #bootHub(): Promise<void> {
    const clock = asHubClock(this.clock);
    const log = createLog({ level: 'silent' });
    const { sql } = this;
    this.hub = await createJobs({
      mayBegin: (queries) => queries`true`,
      instance: this.#instance,
      url: '',
      logDirectory: join(this.#directory, this.#instance),
      generation: 0,
      party: () => partyOf(this.#instance),
      orders: {
        signerOf: (sealed) => peek(orderKind, sealed).signer,
        verify: (_viewer, { sealed }) => Promise.resolve({ orderId: toHex(peek(orderKind, sealed).orderId) }),
        carried: ({ sealed }, nodeIds) =>
          Promise.resolve(new Map(nodeIds.map((id) => [id, { sealed, admin: undefined, proof: [] }]))),
      },
      sql,
      bus: new Bus({ log }),
      events: {
        append: (kind) => {
          this.violations.push(`event ${kind}`);
          return Promise.resolve();
        },
      },
      liveness: new Liveness({ clock }),
      heads: { heads: () => [] },
      clock,
      random: (count) => new Uint8Array(randomBytes(count)),
      crypto: nodeCrypto,
      fetch: () => Promise.reject(new Error('no peer is asked')),
      log,
    });
  }

  async #bootAgent(): Promise<void> {
    const { clock } = this;
    const disk = this.#disk;
    const run = (job: RunningJob) => this.#run(job);
    const handlers: JobHandlers = {
      'system-probe': { run },
      'stoachain-control': { run },
      'drive-benchmark': { run },
    };
    this.work = await Work.open({
      clock,
      disk,
      log: createAgentLog({
        clock,
        level: 'error',
        write: (line) => this.#disk.capacityBytes === 0 || this.violations.push(line),
      }),
      config: loadConfig({ env: {}, flags: { data: '/data' }, host: { root: true, home: '/root' } }),
      handlers,
      benchmarks: undefined,
      store: await IdentityStore.open(disk, DIRECTORY),
      timeFloor: () => clock.now(),
      hubNow: () => clock.now(),
      ready: () => this.#outbox.pump(),
    });
    const { control, results, logs } = this.work.lanes;
    const rest = { heartbeat: NOTHING, tips: NOTHING, metrics: NOTHING };
    this.#outbox = new Outbox({ control, results, logs, ...rest });
  }

  #hubTakes(session: AgentSession, { type, payload }: EncodedMessage): void {
    const { frames } = this.hub;
    const message = decodeAgentMessage(type, payload);
    const failed = (error: unknown) => this.violations.push(`${message.name}: ${String(error)}`);
    switch (message.name) {
      case 'workPolicy':
      case 'jobAck':
      case 'leaseRenew':
      case 'logChunk':
      case 'jobResult':
        (frames[message.name] as (s: AgentSession, v: unknown) => Promise<void>)
          .call(frames, session, message.value)
          .catch(failed);
        return;
      case 'leaseRequest':
        frames.leaseRequest(session, message.value);
        return;
      case 'cancelAck':
        frames.cancelAck(session, message.value);
        return;
      default:
        this.violations.push(`a frame ${message.name}`);
    }
  }

  #agentTakes(message: HubMessage): void {
    try {
      if (!this.work.message(message)) this.violations.push(`a frame ${message.name}`);
    } catch (error) {
      this.violations.push(`${message.name}: ${String(error)}`);
    }
  }

  async #run({ kind, lease, signal }: RunningJob): Promise<{ report: Record<string, unknown> }> {
    const key = `${toHex(lease.jobId)}/${lease.attempt}`;
    const effect = this.effects.get(toHex(lease.jobId)) ?? { kind, times: 0 };
    effect.times += 1;
    this.effects.set(toHex(lease.jobId), effect);
    const end = Promise.withResolvers<void>();
    this.#running.set(key, { kind, end: (error) => (error ? end.reject(error) : end.resolve()) });
    const mutating = this.runningKinds.filter((name) => isKindName(name) && kindOf(name).class !== 'read');
    if (mutating.length > 1) this.violations.push(`two at once: ${mutating.join(', ')}`);
    signal.addEventListener('abort', () => this.#end(key, signal.reason as Error));
    await end.promise;
    return { report: {} };
  }

  #end(key: string, error?: Error): void {
    const running = this.#running.get(key);
    this.#running.delete(key);
    running?.end(error);
  }

  #endAll(): void {
    for (const key of [...this.#running.keys()]) this.#end(key, new Error('killed'));
  }
}

function publicKeyOf({ seed }: { seed: Uint8Array }): Uint8Array {
  return nodeCrypto.signingKey(seed).publicKey;
}
