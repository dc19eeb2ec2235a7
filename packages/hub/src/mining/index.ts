import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Task } from '../ticker.ts';
import type { Fetch, VerifiedSet } from '../tips/index.ts';
import { PayloadSource } from './payload-source.ts';
import { MiningStore } from './store.ts';
import { MiningTally } from './tally.ts';

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
