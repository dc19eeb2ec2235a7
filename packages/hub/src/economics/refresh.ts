import type { Clock } from '../clock.ts';
import type { Task } from '../ticker.ts';
import type { SummingStore } from './summing-store.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Hours are closed a quarter past; the rich list is made first. */
const PAST_MS = 25 * 60_000;

/** Sums the ledger for pages, each hour once what the hour before earned is written. One process of the region runs it. */
export class EconomicsRefresh implements Task {
  readonly name = 'economics';
  readonly periodMs = 300_000;
  readonly #store: SummingStore;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { store: SummingStore; clock: Pick<Clock, 'now'> }) {
    this.#store = by.store;
    this.#clock = by.clock;
  }

  async tick(): Promise<void> {
    const store = this.#store;
    const now = this.#clock.now();
    const asOf = await store.asOf();
    if (asOf !== undefined && hourOf(asOf) === hourOf(now)) return;
    const end = await store.ledgerEnd();
    if (end === undefined) return;
    await store.emission(end);
    await store.supply(Math.floor(now / DAY_MS), now);
    // The day of the newest hour that is closed by now.
    await store.peers(Math.floor((now - PAST_MS - HOUR_MS) / DAY_MS), end.firstHour);
    await this.#leaders(now, end.firstHour);
    await store.finish({ now, mode: end.mode, tookMs: this.#clock.now() - now });
  }

  async #leaders(now: number, firstHour: number): Promise<void> {
    const yesterday = Math.floor(now / DAY_MS) - 1;
    if ((await this.#store.leadersDay()) !== yesterday) await this.#store.leaders(yesterday, firstHour);
  }
}

function hourOf(at: number): number {
  return Math.floor((at - PAST_MS) / HOUR_MS);
}
