import type { Clock } from '../clock.ts';
import type { Task } from '../ticker.ts';
import type { AuditStore } from './store.ts';

const DAY_MS = 24 * 3_600_000;
const KEPT_MS = { '30d': 30 * DAY_MS, '7d': 7 * DAY_MS } as const;
/** Rows blanked in one statement: a lock on them is held for as long. */
const BATCH = 5_000;

/** Blanks what was appended for a while only, once that is over. Numbers and hashes stay, so the chain still verifies. */
export class AuditRetention implements Task {
  readonly name = 'audit-retention';
  readonly periodMs = 3_600_000;
  readonly #store: Pick<AuditStore, 'prune'>;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { store: Pick<AuditStore, 'prune'>; clock: Pick<Clock, 'now'> }) {
    this.#store = by.store;
    this.#clock = by.clock;
  }

  async tick(): Promise<void> {
    const now = this.#clock.now();
    for (const retention of ['30d', '7d'] as const) {
      const batch = { olderThan: now - KEPT_MS[retention], now, limit: BATCH };
      while ((await this.#store.prune(retention, batch)) === BATCH);
    }
  }
}
