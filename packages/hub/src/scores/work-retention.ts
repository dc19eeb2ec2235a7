import type { Clock } from '../clock.ts';
import type { Task } from '../ticker.ts';
import type { WorkStore } from './work-store.ts';

const HOUR_MS = 3_600_000;
/** As long as the jobs that they belong to. */
const KEPT_MS = 30 * 24 * HOUR_MS;

/** Forgets what was answered to nonces of benchmarks that nobody can look up any more. */
export class WorkRetention implements Task {
  readonly name = 'benchmark-work-retention';
  readonly periodMs = HOUR_MS;
  readonly #store: WorkStore;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { store: WorkStore; clock: Pick<Clock, 'now'> }) {
    this.#store = by.store;
    this.#clock = by.clock;
  }

  async tick(): Promise<void> {
    await this.#store.forgetBefore(this.#clock.now() - KEPT_MS);
  }
}
