import type { Bonuses, MinedBlocks } from '#ledger/index.ts';
import type { MiningStore } from '#mining/index.ts';
import type { Clock } from '../clock.ts';
import type { Task } from '../ticker.ts';
import type { KeyHolder, MiningBonusStore } from './mining-bonus-store.ts';

export interface MiningBonusDeps {
  readonly mined: Pick<MiningStore, 'progress' | 'day'>;
  readonly store: Pick<MiningBonusStore, 'lastPaid' | 'holders' | 'paid'>;
  readonly bonuses: Pick<Bonuses, 'mine'>;
  /** How many the network has. */
  readonly chains: number;
  readonly clock: Pick<Clock, 'now'>;
}

const DAY_MS = 86_400_000;
const DAY_HOURS = 24;
/** A day is paid for at 00:10 UTC, or once every chain is counted beyond its end. */
const PAST_MS = 10 * 60_000;

/** Pays a UTC day's blocks to who proved to hold their mining keys. One process of the region runs it. */
export class MiningBonus implements Task {
  readonly name = 'mining-bonus';
  readonly periodMs = 300_000;
  readonly #deps: MiningBonusDeps;

  constructor(deps: MiningBonusDeps) {
    this.#deps = deps;
  }

  async tick(): Promise<void> {
    const { mined, store, bonuses, chains, clock } = this.#deps;
    const progress = await mined.progress();
    // A chain whose count has not begun would be missing in the sum, and a day is paid once.
    if (progress.length < chains) return;
    // Only chains that are all counted to their end give a day's sum; a chain's first block of the next day says so.
    const until = Math.floor(Math.min(...progress.map(({ at }) => at)) / DAY_MS);
    const over = Math.floor((clock.now() - PAST_MS) / DAY_MS);
    const first = Math.floor(Math.max(...progress.map(({ since }) => since)) / DAY_MS);
    for (let day = (await store.lastPaid()) ?? first - 1; ++day < Math.min(until, over); ) {
      const blocks = await mined.day(day);
      const holders = await store.holders([...blocks.keys()], (day + 1) * DAY_HOURS);
      const due = [...holders].map(([key, holder]) => dueOf(key, holder, blocks.get(key) ?? 0));
      await bonuses.mine(day, due);
      await store.paid(day, due.length, clock.now());
    }
  }
}

function dueOf(key: string, { accountId, ownerId }: KeyHolder, blocks: number): MinedBlocks {
  return { key, accountId, ownerId, blocks };
}
