import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { HttpFeature } from '../http.ts';
import type { Task } from '../ticker.ts';
import { EconomicsRefresh } from './refresh.ts';
import { economicsRoutes } from './routes.tsx';
import { EconomicsStore } from './store.ts';
import { SummingStore } from './summing-store.ts';

export { type Standing, standingAmong } from './standing.ts';
export { EconomicsStore } from './store.ts';

/** Pages of what is summed: any instance serves them, from whatever copy of the database. */
export function createEconomicsPages({ sql, clock }: { sql: Sql; clock: Pick<Clock, 'now'> }): HttpFeature {
  return economicsRoutes({ store: new EconomicsStore(sql), clock });
}

/** Sums the ledger each hour. For one process of the region (`LedTask`). */
export function createEconomicsRefresh({
  sql,
  region,
  clock,
}: {
  sql: Sql;
  region: string;
  clock: Pick<Clock, 'now'>;
}): Task {
  return new EconomicsRefresh({ store: new SummingStore({ sql, region }), clock });
}
