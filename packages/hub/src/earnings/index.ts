import type { CryptoSuite } from '@stoa/protocol';
import type { MiddlewareHandler } from 'hono';
import type { NodeAccess } from '#accounts/index.ts';
import { EconomicsStore } from '#economics/index.ts';
import { HourReader } from '#gates/index.ts';
import { createLedgerTools } from '#ledger/index.ts';
import type { Liveness, NodeListing } from '#nodes/index.ts';
import { PayoutResolver } from '#payouts/index.ts';
import { Scores } from '#scores/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { LiveSource } from '../console/live.ts';
import type { LiveLog } from '../console/live-log.ts';
import type { HttpEnv, HttpFeature } from '../http.ts';
import { AdminStore } from './admin-store.ts';
import { ledgerLog } from './feed.tsx';
import { FeedStore } from './feed-store.ts';
import { earningsSources } from './live.tsx';
import { NodeDays } from './node-day.ts';
import { EarningsReader } from './reader.ts';
import { earningsPages } from './routes.tsx';
import type { MintSource } from './sources.ts';
import { EarningsStore } from './store.ts';

export type { OwnMint } from './sources.ts';

export interface EarningsDeps {
  readonly sql: Sql;
  readonly mints: MintSource;
  readonly access: Pick<NodeAccess, 'among'>;
  readonly listing: Pick<NodeListing, 'find' | 'details'>;
  readonly liveness: Liveness;
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly clock: Clock;
  readonly crypto: Pick<CryptoSuite, 'hash'>;
}

export interface Earnings {
  readonly feature: HttpFeature;
  readonly sources: readonly LiveSource[];
  readonly log: LiveLog;
}

/** What was earned, why, and as it comes. Only reads: any instance serves it, whoever judges and closes hours. */
export function createEarnings(deps: EarningsDeps): Earnings {
  const { sql, clock, crypto } = deps;
  const store = new EarningsStore(sql);
  const feed = new FeedStore(sql);
  const { book: ledger, overview } = createLedgerTools({ sql, clock });
  const hours = new HourReader({ sql, crypto });
  const scores = new Scores(sql);
  const read = { store, hours, scores, ledger, clock };
  const reader = new EarningsReader({
    ...{ ...read, overview, payees: new PayoutResolver(sql), peers: new EconomicsStore(sql) },
  });
  const days = new NodeDays(read);
  return {
    feature: earningsPages({
      ...{ ...deps, reader, days, feed, ledger },
      admin: new AdminStore({ sql, clock }),
    }),
    sources: earningsSources({ ...deps, reader, days, feed }),
    log: ledgerLog(feed),
  };
}
