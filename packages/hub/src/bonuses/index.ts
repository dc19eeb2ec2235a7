import type { CryptoSuite } from '@stoa/protocol';
import type { MiddlewareHandler } from 'hono';
import { HourReader } from '#gates/index.ts';
import type { Bonuses, PayeeLookup } from '#ledger/index.ts';
import { MiningStore } from '#mining/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { HttpEnv, HttpFeature } from '../http.ts';
import type { Task } from '../ticker.ts';
import { DonationStore } from './donation-store.ts';
import { Donations } from './donations.ts';
import { MiningBonus } from './mining-bonus.ts';
import { MiningBonusStore } from './mining-bonus-store.ts';
import { bonusRoutes } from './routes.tsx';

export { MiningBonusStore } from './mining-bonus-store.ts';

export interface BonusDeps {
  readonly sql: Sql;
  readonly payees: PayeeLookup;
  /** How many the network has. */
  readonly chains: number;
  /** Where what was earned is told. */
  readonly bonuses: Bonuses;
  readonly clock: Pick<Clock, 'now'>;
  readonly crypto: Pick<CryptoSuite, 'hash'>;
}

/** Finds out what is earned besides minutes. Each for one process of the region (`LedTask`). */
export function createBonusTasks({
  sql,
  payees,
  chains,
  bonuses,
  clock,
  crypto,
}: BonusDeps): readonly Task[] {
  return [
    new Donations({
      ...{ payees, bonuses, clock },
      store: new DonationStore(sql),
      hours: new HourReader({ sql, crypto }),
    }),
    new MiningBonus({
      mined: new MiningStore(sql),
      store: new MiningBonusStore(sql),
      chains,
      bonuses,
      clock,
    }),
  ];
}

/** The page that says what somebody's seeds and keys brought: any instance serves it. */
export function createBonusPages({
  sql,
  guard,
  clock,
}: {
  readonly sql: Sql;
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly clock: Pick<Clock, 'now'>;
}): HttpFeature {
  return bonusRoutes({
    ...{ guard, clock, donations: new DonationStore(sql) },
    ...{ keys: new MiningBonusStore(sql), mined: new MiningStore(sql) },
  });
}
