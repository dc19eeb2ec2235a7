import type { EarningsStore } from './store.ts';
import type { KindSums } from './sums.ts';

const MOST_OWNERS = 1_000;
const DAY_HOURS = 24;

/**
 * Sums by day. A day that nothing is written of any more is summed once and kept: a fleet's day is thousands of events, which
 * would be read again for each look at the page. The owner who is read least recently goes first.
 */
export class SettledDays {
  readonly #store: Pick<EarningsStore, 'days' | 'settledBefore'>;
  readonly #held = new Map<string, Map<number, KindSums>>();

  constructor(store: Pick<EarningsStore, 'days' | 'settledBefore'>) {
    this.#store = store;
  }

  /** @param by.since the hour from which the ledger counts. @param by.from days, `until` exclusive. */
  async read(
    email: string,
    by: { since: number; from: number; until: number },
  ): Promise<ReadonlyMap<number, KindSums>> {
    const { since, from, until } = by;
    const held = this.#of(`${since} ${email}`);
    const days = Array.from({ length: Math.max(0, until - from) }, (_, i) => from + i);
    const lacking = days.filter((day) => !held.has(day));
    const [first, last] = [lacking[0], lacking.at(-1)];
    if (first === undefined || last === undefined) return held;
    // Asked for first: a day that is settled now was so when its events were summed.
    const settled = await this.#store.settledBefore();
    const sums = await this.#store.days(email, {
      from: Math.max(since, first * DAY_HOURS),
      until: (last + 1) * DAY_HOURS,
    });
    for (const day of lacking)
      if ((day + 1) * DAY_HOURS <= settled) held.set(day, sums.get(day) ?? new Map());
    return new Map([...held, ...sums]);
  }

  #of(key: string): Map<number, KindSums> {
    const held = this.#held.get(key) ?? new Map<number, KindSums>();
    this.#held.delete(key);
    this.#held.set(key, held);
    const [oldest] = this.#held.keys();
    if (this.#held.size > MOST_OWNERS && oldest !== undefined) this.#held.delete(oldest);
    return held;
  }
}
