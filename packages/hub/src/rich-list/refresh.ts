import type { Clock } from '../clock.ts';
import type { Task } from '../ticker.ts';
import type { RichListStore } from './store.ts';

const HOUR_MS = 3_600_000;
/** Hours are closed a quarter past; a list made five minutes later has them. */
const PAST_MS = 20 * 60_000;

/** A new list each hour, once what the hour before earned is written. One process of the region runs it. */
export class RichListRefresh implements Task {
  readonly name = 'rich-list';
  readonly periodMs = 60_000;
  readonly #store: RichListStore;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { store: RichListStore; clock: Pick<Clock, 'now'> }) {
    this.#store = by.store;
    this.#clock = by.clock;
  }

  async tick(): Promise<void> {
    const now = this.#clock.now();
    const asOf = await this.#store.asOf();
    if (asOf !== undefined && hourOf(asOf) === hourOf(now)) return;
    await this.#store.refresh(now, () => this.#clock.now() - now);
  }
}

function hourOf(at: number): number {
  return Math.floor((at - PAST_MS) / HOUR_MS);
}
