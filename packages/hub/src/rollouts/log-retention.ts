import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';

const DAY_MS = 86_400_000;
const KEPT_DAYS = 180;
const STEP = 20_000;

/** What became of each node's updates is kept for half a year; log lines are personal data. */
export class UpdateLogRetention {
  readonly name = 'update-log-retention';
  readonly periodMs = 3_600_000;
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
  }

  async tick(): Promise<void> {
    const before = new Date(this.#clock.now() - KEPT_DAYS * DAY_MS);
    await this.#sql`delete from node_update_log where id in (
      select id from node_update_log where at < ${before} order by at limit ${STEP})`;
  }
}
