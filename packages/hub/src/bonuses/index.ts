import type { CryptoSuite } from '@stoa/protocol';
import { HourReader } from '#gates/index.ts';
import type { Bonuses, PayeeLookup } from '#ledger/index.ts';
import { MiningStore } from '#mining/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Task } from '../ticker.ts';
import { DonationStore } from './donation-store.ts';
import { Donations } from './donations.ts';
import { MiningBonus } from './mining-bonus.ts';
import { MiningBonusStore } from './mining-bonus-store.ts';

export { MiningBonusStore } from './mining-bonus-store.ts';

export interface BonusDeps {
  readonly sql: Sql;
  readonly payees: PayeeLookup;
  /** Where what was earned is told. */
  readonly bonuses: Bonuses;
  readonly clock: Pick<Clock, 'now'>;
  readonly crypto: Pick<CryptoSuite, 'hash'>;
}

/** Finds out what is earned besides minutes. Each for one process of the region (`LedTask`). */
export function createBonusTasks({ sql, payees, bonuses, clock, crypto }: BonusDeps): readonly Task[] {
  return [
    new Donations({
      ...{ payees, bonuses, clock },
      store: new DonationStore(sql),
      hours: new HourReader({ sql, crypto }),
    }),
    new MiningBonus({ mined: new MiningStore(sql), store: new MiningBonusStore(sql), bonuses, clock }),
  ];
}
