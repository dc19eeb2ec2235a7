import { randomBytes } from 'node:crypto';
import { type Order, orderKind, peek, seal, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { JobDesk } from '#jobs/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { belowChainweb } from '../nodes/index.ts';
import type { Viewer } from '../viewer.ts';
import type { Rollout } from './rollout.ts';
import { HOUR, MINUTE, RolloutWorld } from './rollout-world.fixture.ts';
import { UpgradeDesk } from './upgrade-desk.ts';

/** How a node's job ends, and what the node shows then. */
export type Manner = 'upgrades' | 'rolls back' | 'refuses' | 'says so only' | 'works on';

export const OLD = '2.26.1';
export const NEW = '2.27.0';
const PARAMS = { image: `ghcr.io/stoa/chainweb@sha256:${'ab'.repeat(32)}` };

/** A job as it was leased. */
export interface GivenJob {
  readonly jobId: string;
  readonly nodeId: string;
  readonly attempt: number;
}

/** Of the jobs beside it: `JobBench`. */
export interface Bench {
  readonly desk: JobDesk;
  lease(nodeIds: readonly string[]): Promise<readonly GivenJob[]>;
}

export interface UpgradeWorldOptions {
  readonly owners: number;
  readonly each: number;
  readonly bench: (clock: { now(): number }) => Bench;
}

/** A fleet of chainweb-nodes whose jobs are leased by the real statements and end as told. */
export class UpgradeWorld {
  readonly world: RolloutWorld;
  readonly manner = new Map<string, Manner>();
  /** Nodes off the tip. */
  readonly stray = new Set<string>();
  readonly #bench: Bench;
  readonly #key = nodeCrypto.signingKey(new Uint8Array(32).fill(7));

  private constructor(world: RolloutWorld, bench: Bench) {
    this.world = world;
    this.#bench = bench;
  }

  static async open(database: DbAdapter, by: UpgradeWorldOptions): Promise<UpgradeWorld> {
    const { sql } = database;
    await sql`truncate jobs, job_batches, job_results, admin_keys cascade`;
    const world = await RolloutWorld.open(database, by);
    const made = new UpgradeWorld(world, by.bench({ now: () => world.now }));
    await sql`update nodes set chainweb_version = ${OLD}`;
    await sql`update node_status set at_tip_at = ${new Date(world.now)}`;
    const key = made.#key.publicKey;
    await sql`update node_work set kinds = '{stoachain-upgrade}', runs = '{stoachain-upgrade}', admins = array[${toHex(key)}],
      site = node_id`;
    await sql`insert into admin_keys (admin, public_key, sealed, authority, not_after)
      values (${world.admin.email}, ${Buffer.from(key)}, '\\x00', '\\x00', now() + interval '1 year')`;
    return made;
  }

  get sql(): DbAdapter['sql'] {
    return this.world.sql;
  }

  desk(): UpgradeDesk {
    const signedHere = () => Promise.reject(new Error('orders are signed here'));
    const orders = {
      signerOf: (sealed: Uint8Array) => peek(orderKind, sealed).signer,
      ...{ draft: signedHere, show: signedHere },
    };
    const clock = { now: () => this.world.now };
    return new UpgradeDesk({ sql: this.sql, jobs: this.#bench.desk, orders, clock });
  }

  order(): Uint8Array {
    const { now, admin } = this.world;
    const order: Order = {
      ...{ orderId: randomBytes(16), region: 'eu', kind: 'stoachain-upgrade', maxAttempts: 3 },
      ...{ paramsHash: randomBytes(32), nodes: randomBytes(32), nodeCount: this.world.nodes.length },
      ...{ signer: admin.email, signerKey: this.#key.publicKey },
      ...{ issuedAt: now, expiresAt: now + 7 * 24 * HOUR },
    };
    return seal(orderKind, order, this.#key);
  }

  create(viewer: Viewer = this.world.admin, order: Uint8Array = this.order()): Promise<Rollout> {
    const request = { version: NEW, params: PARAMS, selector: belowChainweb({ version: NEW }) };
    return this.desk().create(viewer, { ...request, order, expected: this.world.nodes.length });
  }

  /** One minute: heartbeats, a step of the hub, what it leases, and how that ends. */
  async minute(hub = this.world.hub()): Promise<readonly GivenJob[]> {
    await this.pass(MINUTE);
    await hub.ticker.tick();
    const jobs = await this.lease();
    await this.work(jobs);
    return jobs;
  }

  async pass(ms: number): Promise<void> {
    const { world, sql } = this;
    world.now += ms;
    await world.beat();
    await sql`update node_status set at_tip_at = last_seen where node_id <> all(${[...this.stray]}::text[])`;
  }

  /** What the hub gives to nodes that ask for work now, acknowledged by them. */
  lease(): Promise<readonly GivenJob[]> {
    return this.#bench.lease(this.world.nodes.map(({ nodeId }) => nodeId));
  }

  async work(jobs: readonly GivenJob[]): Promise<void> {
    for (const { jobId, nodeId } of jobs) {
      const manner = this.manner.get(nodeId) ?? 'upgrades';
      if (manner === 'works on') continue;
      const [state, code, message] = ENDS[manner];
      await this.sql`update jobs set state = ${state}, code = ${code}, message = ${message},
        ended_at = ${new Date(this.world.now)}, leased_until = null where job_id = ${jobId}`;
      if (manner === 'upgrades')
        await this.sql`update nodes set chainweb_version = ${NEW} where node_id = ${nodeId}`;
    }
  }

  /** All in the second ring, which the third step of a rollout fills. */
  async gather(rolloutId: string): Promise<void> {
    await this.sql`update rollout_nodes set ring = 1 where rollout_id = ${rolloutId}`;
  }

  /** Steps of the hub until jobs were handed out, and none was leased. */
  async handOut(): Promise<void> {
    for (let step = 0; step < 3; step += 1) {
      await this.pass(MINUTE);
      await this.world.hub().ticker.tick();
    }
  }

  async place(
    rolloutId: string,
    nodeId: string,
  ): Promise<{ state: string; reason: string; attempt: number }> {
    const [row] = await this.sql<{ state: string; reason: string; attempt: number }[]>`
      select state, reason, attempt from rollout_nodes where rollout_id = ${rolloutId} and node_id = ${nodeId}`;
    return row!;
  }

  /** Job states -> how many. */
  async jobs(): Promise<Readonly<Record<string, number>>> {
    const rows = await this.sql<{ state: string; count: number }[]>`
      select state, count(*)::int as count from jobs group by state`;
    return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
  }
}

const ENDS = {
  upgrades: ['succeeded', '', ''],
  'says so only': ['succeeded', '', ''],
  'rolls back': ['failed', 'rolled_back', 'not_at_tip: chainweb-node did not reach the tip in 15 min'],
  refuses: ['failed', 'policy_denies', 'the local policy denies stoachain-upgrade'],
} as const;
