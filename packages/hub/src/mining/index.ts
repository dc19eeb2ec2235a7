import type { MiddlewareHandler } from 'hono';
import type { Liveness, NodeListing, NodeReader } from '#nodes/index.ts';
import type { GuardSource } from '#payouts/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { HttpEnv, HttpFeature } from '../http.ts';
import type { Task } from '../ticker.ts';
import type { Fetch, VerifiedSet } from '../tips/index.ts';
import { CoinBalances } from './balances.ts';
import { PayloadSource } from './payload-source.ts';
import { miningRoutes } from './routes.tsx';
import { MiningStore } from './store.ts';
import { MiningTally } from './tally.ts';

export { PayloadSource } from './payload-source.ts';
export { SilentKeys } from './silent-keys.ts';
export { MiningStore } from './store.ts';
export { COUNTED_DEPTH } from './tally.ts';

/** A node of one's own takes its time where blocks are large. */
const ANSWER_MS = 20_000;

export interface MiningDeps {
  readonly sql: Sql;
  readonly set: VerifiedSet;
  /** Service API of the hub's own node; without one nothing is counted. */
  readonly node: URL | undefined;
  readonly fetch: Fetch;
  readonly clock: Pick<Clock, 'now'>;
}

/** Counts blocks by mining key. For one process of the region (`LedTask`). */
export function createMiningTally({ sql, set, node, fetch, clock }: MiningDeps): Task | undefined {
  if (node === undefined) return undefined;
  const deadline = () => AbortSignal.timeout(ANSWER_MS);
  const source = new PayloadSource({ url: node, network: set.network.name, fetch, deadline });
  return new MiningTally({ set, source, store: new MiningStore(sql), clock });
}

export interface MiningPagesDeps {
  readonly sql: Sql;
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly listing: Pick<NodeListing, 'find'>;
  readonly liveness: Liveness;
  readonly reader: Pick<NodeReader, 'description'>;
  /** Service APIs of the hub's nodes: the first one is asked for balances. */
  readonly guards: Pick<GuardSource, 'nodes' | 'request'>;
  readonly network: string;
  readonly chains: number;
  readonly proven: (keys: readonly string[]) => Promise<ReadonlySet<string>>;
  readonly clock: Pick<Clock, 'now'>;
}

/** The Mining tab of nodes: any instance serves it. */
export function createMiningPages(deps: MiningPagesDeps): HttpFeature {
  const { guards, network, clock, chains } = deps;
  return miningRoutes({
    ...deps,
    store: new MiningStore(deps.sql),
    balances: new CoinBalances({ node: guards.nodes[0], request: guards.request, network, clock, chains }),
  });
}
