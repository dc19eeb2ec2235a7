import {
  type AGENT_FRAMES,
  type AgentMessage,
  adminKeyKind,
  type CarriedOrder,
  type Decoded,
  decodeAgentMessage,
  decodeHubMessage,
  encodeHubMessage,
  formatParams,
  type HUB_FRAMES,
  type HubFrameName,
  type Job,
  type JobMessage,
  type JobResult,
  jobKind,
  jobReceiptKind,
  jobResultKind,
  type KindName,
  kindOf,
  merkleProof,
  merkleRoot,
  type Order,
  open,
  orderKind,
  type ParamValues,
  type SigningKey,
  seal,
  toHex,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { loadConfig } from '#config.ts';
import { identityDirectory } from '#identity/identity.ts';
import { IdentityStore, storeIdentity } from '#identity/identity-store.ts';
import { pinOwnerKey } from '#identity/owner-key-pin.ts';
import { makeRegion } from '#identity/region.fixture.ts';
import { createLog } from '#log.ts';
import { MemoryDisk, type Unsynced } from '#memory-disk.ts';
import { Outbox } from '#outbox/outbox.ts';
import { VirtualClock } from '#virtual-clock.ts';
import type { JobHandlers, RunningJob } from '#work/handler.ts';
import { Work } from '#work/work.ts';

const START = Date.UTC(2026, 5, 1);
const DAY_MS = 24 * 3_600_000;
export const POLICY_PATH = '/etc/stoa-agent/policy';
const NOTHING = { take: () => undefined };

export function idOf(name: string): Uint8Array {
  return nodeCrypto.hash(new TextEncoder().encode(name)).slice(0, 16);
}

export interface JobSpec {
  kind?: KindName;
  params?: ParamValues;
  job?: string;
  attempt?: number;
  token?: number;
  order?: 'owner' | 'admin' | CarriedOrder | undefined;
  over?: Partial<Job>;
}

/** One node's work on a virtual clock and a disk that may lose power, with a hub that does as a test tells it. */
export class WorkWorld {
  readonly clock: VirtualClock = new VirtualClock(START);
  readonly disk: MemoryDisk = new MemoryDisk({ now: () => this.clock.now() });
  readonly region: ReturnType<typeof makeRegion> = makeRegion();
  readonly owner: SigningKey = nodeCrypto.signingKey(nodeCrypto.hash(new TextEncoder().encode('owner')));
  readonly admin: SigningKey = nodeCrypto.signingKey(nodeCrypto.hash(new TextEncoder().encode('admin')));
  readonly received: AgentMessage[] = [];
  /** Jobs whose handlers began, by `kind job attempt`. */
  readonly ran: string[] = [];
  handlers: JobHandlers;
  /** Whether results get their receipts at once. */
  receipts = true;
  timeFloor: number = START;
  store!: IdentityStore;
  work!: Work;
  readonly lines: string[] = [];
  readonly #answers = new Map<string, PromiseWithResolvers<Record<string, unknown>>>();
  #outbox!: Outbox;
  #tokens = 0;

  private constructor() {
    const run = (job: RunningJob) => this.#run(job);
    this.handlers = Object.fromEntries(
      (['system-probe', 'stoachain-control', 'apt-upgrade', 'drive-benchmark'] as const).map((kind) => [
        kind,
        { run },
      ]),
    );
  }

  static async create(): Promise<WorkWorld> {
    const world = new WorkWorld();
    const directory = identityDirectory({ dataDir: '/data', instance: 'default' });
    await storeIdentity(world.disk, directory, world.region.identity('a', 'https://hub.example'));
    await pinOwnerKey(world.disk, directory, { publicKey: world.owner.publicKey, serial: 1 });
    await world.boot();
    return world;
  }

  async boot(): Promise<void> {
    const { clock, disk } = this;
    this.store = await IdentityStore.open(disk, identityDirectory({ dataDir: '/data', instance: 'default' }));
    const log = createLog({ clock, level: 'debug', write: (line) => void this.lines.push(line) });
    this.work = await Work.open({
      clock,
      disk,
      log,
      config: loadConfig({ env: {}, flags: { data: '/data' }, host: { root: true, home: '/root' } }),
      handlers: this.handlers,
      benchmarks: undefined,
      store: this.store,
      timeFloor: () => this.timeFloor,
      hubNow: () => clock.now(),
      ready: () => this.#outbox.pump(),
    });
    const { control, results, logs } = this.work.lanes;
    this.#outbox = new Outbox({
      control,
      heartbeat: NOTHING,
      tips: NOTHING,
      results,
      logs,
      metrics: NOTHING,
    });
  }

  async open(quarantined = false): Promise<void> {
    this.#outbox.attach({
      buffered: 0,
      send: ({ type, payload }) => {
        this.#heard(decodeAgentMessage(type, payload.slice()));
        return 0;
      },
    });
    this.work.opened({ quarantined });
    await this.clock.advance(0);
  }

  lose(): void {
    this.#outbox.detach();
    this.work.lost();
  }

  /** kill -9, or a power cut. What ran then goes on in nobody's memory. */
  async kill(unsynced: Unsynced): Promise<void> {
    this.disk.crashAfter(0);
    this.lose();
    void this.work.stop();
    for (const answer of this.#answers.values()) answer.reject(new Error('killed'));
    this.#answers.clear();
    await this.clock.advance(0);
    this.disk.restart(unsynced);
    await this.boot();
  }

  /** What the hub says; throws what would end the session. */
  say<N extends HubFrameName>(name: N, value: Decoded<(typeof HUB_FRAMES)[N]>): boolean {
    const { type, payload } = encodeHubMessage(name, value);
    return this.work.message(decodeHubMessage(type, payload));
  }

  async send(spec: JobSpec = {}): Promise<void> {
    this.say('job', this.message(spec));
    await this.clock.advance(0);
  }

  message(spec: JobSpec = {}): JobMessage {
    const { kind = 'system-probe', params = {}, job = 'j1', attempt = 1, over = {} } = spec;
    this.#tokens = Math.max(this.#tokens + 1, spec.token ?? 0);
    const body: Job = {
      nodeId: this.store.nodeId,
      jobId: idOf(job),
      kind,
      attempt,
      fencingToken: spec.token ?? this.#tokens,
      leaseMs: 90_000,
      deadline: this.clock.now() + DAY_MS,
      maxAttempts: 3,
      idempotencyKey: idOf(`effect of ${job}`),
      params: formatParams(kindOf(kind).parameters, params),
      ...over,
    };
    const by = spec.order;
    const order = by === 'owner' || by === 'admin' ? this.order({ kind, params: body.params, by, job }) : by;
    return { sealed: seal(jobKind, body, this.region.hubKey), hub: this.region.chain(), order };
  }

  order({
    kind,
    params,
    by,
    job,
    over = {},
  }: {
    kind: KindName;
    params: string;
    by: 'owner' | 'admin';
    job: string;
    over?: Partial<Order>;
  }): CarriedOrder {
    const key = by === 'owner' ? this.owner : this.admin;
    const { nodeId } = this.store;
    const { hash } = nodeCrypto;
    const body: Order = {
      orderId: idOf(`order of ${job}`),
      region: this.region.name,
      kind,
      paramsHash: hash(new TextEncoder().encode(params)),
      nodes: merkleRoot([nodeId], hash),
      nodeCount: 1,
      maxAttempts: 3,
      signer: by === 'owner' ? 'owner@example.org' : 'admin@example.org',
      signerKey: key.publicKey,
      issuedAt: this.clock.now(),
      expiresAt: this.clock.now() + DAY_MS,
      ...over,
    };
    const { region, admin } = this;
    const adminKey = {
      region: region.name,
      admin: 'admin@example.org',
      publicKey: admin.publicKey,
      notAfter: START * 2,
    };
    return {
      sealed: seal(orderKind, body, key),
      admin:
        by === 'owner'
          ? undefined
          : { key: seal(adminKeyKind, adminKey, region.keys.authority), authority: region.cert('authority') },
      proof: merkleProof([nodeId], 0, hash),
    };
  }

  /** Ends a running job with a report, or with an error. */
  async finish(job: string, end: Record<string, unknown> | Error = {}): Promise<void> {
    const answer = this.#answers.get(toHex(idOf(job)));
    if (answer === undefined) throw new Error(`${job} does not run`);
    this.#answers.delete(toHex(idOf(job)));
    if (end instanceof Error) answer.reject(end);
    else answer.resolve(end);
    await this.clock.advance(0);
  }

  runs(job: string): boolean {
    return this.#answers.has(toHex(idOf(job)));
  }

  of<N extends keyof typeof AGENT_FRAMES>(name: N): Decoded<(typeof AGENT_FRAMES)[N]>[] {
    return this.received
      .filter((message) => message.name === name)
      .map(({ value }) => value as Decoded<(typeof AGENT_FRAMES)[N]>);
  }

  /** As they came, each once. */
  get results(): JobResult[] {
    const seen = new Map<string, JobResult>();
    for (const { sealed } of this.of('jobResult'))
      seen.set(
        toHex(nodeCrypto.hash(sealed)),
        open(jobResultKind, sealed, nodeCrypto, this.store.key.publicKey),
      );
    return [...seen.values()];
  }

  receiptFor(
    sealed: Uint8Array,
    key: SigningKey = this.region.hubKey,
  ): Decoded<(typeof HUB_FRAMES)['jobReceipt']> {
    const { nodeId, jobId, attempt } = open(jobResultKind, sealed, nodeCrypto, this.store.key.publicKey);
    const body = {
      nodeId,
      jobId,
      attempt,
      result: nodeCrypto.hash(sealed),
      taken: 'recorded' as const,
      at: this.clock.now(),
    };
    return { sealed: seal(jobReceiptKind, body, key), hub: this.region.chain() };
  }

  #heard(message: AgentMessage): void {
    this.received.push(message);
    if (message.name === 'jobResult' && this.receipts)
      this.say('jobReceipt', this.receiptFor(message.value.sealed));
  }

  async #run({ kind, lease, signal }: RunningJob): Promise<{ report: Record<string, unknown> }> {
    const id = toHex(lease.jobId);
    this.ran.push(`${kind} ${id.slice(0, 8)} ${lease.attempt}`);
    const answer = Promise.withResolvers<Record<string, unknown>>();
    this.#answers.set(id, answer);
    signal.addEventListener('abort', () => {
      this.#answers.delete(id);
      answer.reject(signal.reason);
    });
    return { report: await answer.promise };
  }
}
