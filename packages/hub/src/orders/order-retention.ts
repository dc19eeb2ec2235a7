import type { Clock } from '../clock.ts';
import type { Task } from '../ticker.ts';
import type { OrderStore } from './store.ts';

/** As long as done jobs are kept. */
const KEPT_MS = 30 * 86_400_000;

/** Hourly: drafts that ran out, and orders whose jobs are gone as well. */
export class OrderRetention implements Task {
  readonly name = 'order-retention';
  readonly periodMs = 3_600_000;
  readonly #store: OrderStore;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { store: OrderStore; clock: Pick<Clock, 'now'> }) {
    this.#store = by.store;
    this.#clock = by.clock;
  }

  async tick(): Promise<void> {
    const now = this.#clock.now();
    await this.#store.sweep(now, now - KEPT_MS);
  }
}
