/** Instances of a hub and nodes over one database, minute by minute: what they say to each other, without the wire. */
import type { Clock } from '@stoa/hub';
import { createGates, type Gates, type NodeHour } from '@stoa/hub/gates';
import type { DbAdapter } from '@stoa/hub/seams/db-adapter/index';
import {
  type Checkpoint,
  checkpointKind,
  type Gauges,
  type HubParty,
  seal,
  sessionIdOf,
  type Tip,
  toHex,
} from '@stoa/protocol';
import { makeParties, seededRandom } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';

export const MINUTE = 60_000;
export const HOUR_MINUTES = 60;
/** Minute since 1970 at which every world begins: a full hour, the third of its day. */
export const START: number = 20_600 * 1_440 + 180;
const HEARTBEAT_MS = 30_000;
const WARM = 1_440;

const GAUGES: Gauges = {
  ...{ cpuPermille: 0, loadCenti: 0, memUsedMb: 0, memTotalMb: 0, diskFreeMb: 1e6, diskTotalMb: 1e6 },
  ...{ rxKbps: 0, txKbps: 0, peers: 9, rttMs: 1 },
};
const DESCRIPTION = {
  ...{ agentVersion: '1', runtime: '', hostname: '', platform: '', distribution: '', kernel: '' },
  ...{
    cpuModel: '',
    cpuCores: 1,
    memTotalMb: 1,
    chainwebVersion: '',
    chainwebNetwork: 'stoa',
    chainwebUrl: '',
  },
  ...{ publicAddress: '', committedPath: '/', committedGb: 0, driveCommittedGb: 0 },
  ...{ p2pFingerprint: '', p2pPort: 1_789 },
};
export const HELPFUL = ['--p2p-hostname=n.example', '--enable-mempool-p2p', '--enable-backup-api'];

/** True time, and one clock an instance. */
export class WorldTime {
  ms = START * MINUTE;

  clock(skewMs = 0): Clock {
    return { now: () => this.ms + skewMs, after: () => () => undefined };
  }
}

/** One instance. A crash forgets all that it has not stored; the next start finds what is there. */
export class WorldInstance {
  readonly id: string;
  readonly skewMs: number;
  readonly #world: GatesWorld;
  #gates: Gates | undefined;

  constructor(world: GatesWorld, id: string, skewMs = 0) {
    this.#world = world;
    this.id = id;
    this.skewMs = skewMs;
  }

  get running(): boolean {
    return this.#gates !== undefined;
  }

  get gates(): Gates {
    if (this.#gates === undefined) throw new Error(`instance ${this.id} does not run`);
    return this.#gates;
  }

  get now(): number {
    return this.#world.time.ms + this.skewMs;
  }

  get party(): HubParty {
    const { hub, chain, instanceCert } = this.#world.parties;
    return { ...hub, chain: { ...chain, instance: instanceCert({ instance: this.id }) } };
  }

  async start(): Promise<void> {
    const { database, time, parties } = this.#world;
    this.#gates = createGates({
      ...{ sql: database.sql, instanceId: this.id, region: parties.chain.region === undefined ? '' : 'eu' },
      party: () => this.party,
      set: {
        lag: (tips) =>
          Array.from(tips, ({ chain }) => ({
            ...({ chain, state: 'tip', lag: 0, height: 1, forkDepth: 0 } as const),
          })),
      },
      corroboration: { heads: () => [] },
      accounts: everybody({}),
      scores: everybody({ micro: 1, committedGb: 0 }),
      massSince: () => this.#world.massSince,
      benchmarking: async () => [],
      allows: () => true,
      mostPerAddress: 16,
      onShared: async () => undefined,
      heartbeatMs: HEARTBEAT_MS,
      clock: time.clock(this.skewMs),
      random: seededRandom(this.id),
      crypto: nodeCrypto,
      log: { ...console, debug: () => undefined, info: () => undefined, warn: () => undefined } as never,
    });
    await this.#gates.start();
  }

  crash(): void {
    this.#gates = undefined;
    for (const node of this.#world.nodes) if (node.instance === this) node.instance = undefined;
  }

  async tick(): Promise<void> {
    await this.#gates?.ticker.tick();
    await this.#gates?.roots.tick();
  }
}

function everybody<Entry>(entry: Entry) {
  return {
    at: async (_hour: number, nodeIds: readonly string[]) =>
      new Map(nodeIds.map((nodeId) => [nodeId, entry] as const)),
    within: async () => Object.assign(new Map<string, Entry>(), { get: () => entry }),
    changedSince: async () => ({ cursor: undefined as never, changes: [] }),
  };
}

/** A node: a process that runs or not, a session or none, and its own evidence. */
export class WorldNode {
  readonly nodeId: string;
  instance: WorldInstance | undefined;
  argv = HELPFUL;
  epoch = 0;
  /** Minutes of the hub's hours that it saw acknowledged, and in which sessions. */
  readonly #told = new Map<number, { minutes: bigint; sessionIds: Map<string, Uint8Array> }>();
  readonly #key = nodeCrypto.signingKey(nodeCrypto.hash(new Uint8Array([1])));
  readonly #world: GatesWorld;
  #boot = 1;
  startedAt: number;
  #running = true;
  #opener = '';
  #number = 0;
  #previous: Uint8Array = new Uint8Array(32);
  /** Hours that it was off at the end of: told as it left them, once it runs again. */
  readonly owed: number[] = [];
  /** What a forger writes into its checkpoints instead. */
  forge: ((checkpoint: Checkpoint) => Checkpoint) | undefined;

  constructor(world: GatesWorld, name: string) {
    this.#world = world;
    this.nodeId = toHex(nodeCrypto.hash(new TextEncoder().encode(name)));
    this.startedAt = world.time.ms - 100 * MINUTE;
  }

  get running(): boolean {
    return this.#running;
  }

  get #bootId(): Uint8Array {
    return new Uint8Array(16).fill(this.#boot);
  }

  get sessionId(): Uint8Array {
    const chance = () =>
      nodeCrypto.hash(new TextEncoder().encode(`${this.nodeId} ${this.epoch}`)).slice(0, 16);
    return sessionIdOf(this.#opener, chance, nodeCrypto.hash);
  }

  off(): void {
    if (this.instance !== undefined) this.disconnect();
    this.#running = false;
  }

  on(): void {
    if (this.#running) return;
    this.#running = true;
    this.#boot += 1;
    this.startedAt = this.#world.time.ms;
  }

  disconnect(): void {
    this.instance?.gates.frames.ended(this.#session());
    this.instance = undefined;
  }

  connect(to: WorldInstance): void {
    if (this.instance !== undefined) this.disconnect();
    if (!this.#running || !to.running) return;
    this.epoch += 1;
    this.instance = to;
    this.#opener = to.id;
    to.gates.frames.opened(this.#session(), to.now);
    this.beat();
  }

  /** A heartbeat, acknowledged. */
  beat(): void {
    const { instance } = this;
    if (instance === undefined) return;
    const { frames } = instance.gates;
    const session = this.#session();
    const { now } = instance;
    frames.heard(session, now);
    frames.described(session, { ...DESCRIPTION, process: { ...PROCESS, argv: this.argv } });
    frames.heartbeat(session, { ...BEAT, gauges: GAUGES }, now);
    const minute = Math.floor(now / MINUTE);
    this.#world.acknowledged(this.nodeId, this.epoch, minute);
    const hour = this.#hour(Math.floor(minute / HOUR_MINUTES));
    hour.minutes |= 1n << BigInt(minute % HOUR_MINUTES);
    hour.sessionIds.set(toHex(this.sessionId), this.sessionId);
  }

  /** What it signs of an hour that is over; nothing where its process does not run. */
  checkpoint(
    hubHour: number,
  ): { nodeId: string; hubHour: number; number: number; bytes: Uint8Array } | undefined {
    const endedAt = (hubHour + 1) * HOUR_MINUTES * MINUTE;
    if (!this.#running && this.forge === undefined) {
      this.owed.push(hubHour);
      return undefined;
    }
    const { minutes, sessionIds } = this.#hour(hubHour);
    this.#number += 1;
    const honest: Checkpoint = {
      nodeId: Buffer.from(this.nodeId, 'hex'),
      hubHour,
      minutes,
      sessionIds: [...sessionIds.values()].slice(-32),
      tipsDigest: new Uint8Array(32),
      inputsDigest: new Uint8Array(32),
      bootId: this.#bootId,
      uptimeMs: Math.max(0, endedAt - this.startedAt),
      number: this.#number,
      previous: this.#previous,
    };
    const bytes = seal(checkpointKind, this.forge?.(honest) ?? honest, this.#key);
    this.#previous = nodeCrypto.hash(bytes);
    return { nodeId: this.nodeId, hubHour, number: this.#number, bytes };
  }

  #hour(hubHour: number) {
    const held = this.#told.get(hubHour) ?? { minutes: 0n, sessionIds: new Map<string, Uint8Array>() };
    this.#told.set(hubHour, held);
    return held;
  }

  get publicKey(): Uint8Array {
    return this.#key.publicKey;
  }

  #session() {
    const tips = Array.from({ length: 10 }, (_, chain) => ({ chain, hash: `h${chain}`, height: 1 }));
    return {
      node: { nodeId: this.nodeId, owner: '', site: '', tipHash: () => 'h', reportedTips: () => tips },
      facts: {
        ...{ epoch: this.epoch, sessionId: toHex(this.sessionId), address: '' },
        bootId: toHex(this.#bootId),
        ...{ quarantined: false, pingMs: 20_000, capabilities: 0 },
      },
      send: () => undefined,
    };
  }
}

const PROCESS = { pid: 1, supervision: 'none', supervisor: '', startedAt: 0, rssMb: 0 } as const;
const BEAT = {
  sentAt: 0,
  uptimeS: 0,
  chainweb: 'up',
  natIdleS: 0,
  droppedSamples: 0,
  tips: [] as Tip[],
} as const;

/** All of it, and the region's database. */
export class GatesWorld {
  readonly time = new WorldTime();
  readonly parties = makeParties('gates');
  readonly database: Pick<DbAdapter, 'sql'>;
  readonly nodes: WorldNode[] = [];
  readonly instances: WorldInstance[] = [];
  massSince: number | undefined;
  #words = new Map<string, { hubHour: number; nodeId: string; epoch: number; minutes: bigint }>();

  constructor(database: Pick<DbAdapter, 'sql'>) {
    this.database = database;
  }

  async clear(): Promise<void> {
    await this.database.sql`truncate gate_words, gate_states, gate_ticks, hub_gaps, minute_roots, dial_backs,
      uptime_words, checkpoints, nodes cascade`;
  }

  instance(id: string, skewMs = 0): WorldInstance {
    const made = new WorldInstance(this, id, skewMs);
    this.instances.push(made);
    return made;
  }

  /** A node that has warmed up, and answered from outside. */
  async node(name: string): Promise<WorldNode> {
    const node = new WorldNode(this, name);
    this.nodes.push(node);
    const { sql } = this.database;
    const at = new Date(this.time.ms);
    await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
      values (${node.nodeId}, ${name}, ${'o'}, ${'eu'}, ${node.publicKey}, ${'\\x00'}, ${at})`;
    await sql`insert into gate_states values (${node.nodeId}, ${START - 1}, 0, ${WARM}, 0, 0, 0)`;
    await sql`insert into dial_backs (node_id, at, verdict, fingerprint, host, port, dialler, sealed, passed_until)
      values (${node.nodeId}, ${at}, 'answered', ${name}, '', 1789, '', ${'\\x00'},
        ${new Date(this.time.ms + 24 * 60 * MINUTE)})`;
    return node;
  }

  acknowledged(nodeId: string, epoch: number, minute: number): void {
    const hubHour = Math.floor(minute / HOUR_MINUTES);
    const key = `${hubHour} ${nodeId} ${epoch}`;
    const held = this.#words.get(key) ?? { hubHour, nodeId, epoch, minutes: 0n };
    held.minutes |= 1n << BigInt(minute % HOUR_MINUTES);
    this.#words.set(key, held);
  }

  /** Acknowledgements are given once they are stored. */
  async flush(): Promise<void> {
    const rows = [...this.#words.values()];
    this.#words = new Map();
    if (rows.length === 0) return;
    await this.database.sql`insert into uptime_words (hub_hour, node_id, epoch, minutes)
      select * from unnest(${rows.map((row) => row.hubHour)}::int[], ${rows.map((row) => row.nodeId)}::text[],
        ${rows.map((row) => row.epoch)}::bigint[], ${rows.map((row) => String(row.minutes))}::bigint[])
      on conflict (hub_hour, node_id, epoch) do update set minutes = uptime_words.minutes | excluded.minutes`;
  }

  /** The nodes' word about an hour reaches the hub, and what they still owe. */
  async closeHour(hubHour?: number): Promise<void> {
    const rows = this.nodes.flatMap((node) => {
      const owed = node.running ? node.owed.splice(0) : [];
      return [...owed, ...(hubHour === undefined ? [] : [hubHour])].flatMap(
        (hour) => node.checkpoint(hour) ?? [],
      );
    });
    for (const { nodeId, hubHour: hour, number, bytes } of rows)
      await this.database.sql`insert into checkpoints (node_id, hub_hour, number, bytes, stored_at)
        values (${nodeId}, ${hour}, ${number}, ${bytes}, ${new Date(this.time.ms)})`;
  }

  async hours(hubHour: number, by: WorldInstance): Promise<Map<string, NodeHour>> {
    const all = new Map<string, NodeHour>();
    for await (const page of by.gates.hours.hours(hubHour))
      for (const hour of page) all.set(hour.nodeId, hour);
    return all;
  }

  /** One minute: every connected node beats twice, then each instance ticks just after its end. */
  async minute(during: () => void = () => undefined): Promise<void> {
    const end = (Math.floor(this.time.ms / MINUTE) + 1) * MINUTE;
    this.time.ms = end - 50_000;
    for (const node of this.nodes) node.beat();
    this.time.ms = end - 30_000;
    during();
    this.time.ms = end - 15_000;
    for (const node of this.nodes) node.beat();
    await this.flush();
    this.time.ms = end + 2_000;
    for (const instance of this.instances) await instance.tick();
    const minute = end / MINUTE;
    if (minute % HOUR_MINUTES !== 0) return;
    const hubHour = minute / HOUR_MINUTES - 1;
    if (this.instances.some(({ running }) => running)) await this.closeHour(hubHour);
    else for (const node of this.nodes) node.owed.push(hubHour);
  }
}
