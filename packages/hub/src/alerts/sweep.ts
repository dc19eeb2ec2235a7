import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Task } from '../ticker.ts';

const DAY = 24 * 3_600_000;
const DELIVERIES_MS = 30 * DAY;
const HISTORY_MS = 180 * DAY;

/** Forgets deliveries after a month and what alerts did after half a year. */
export class AlertSweep implements Task {
  readonly name = 'alert-sweep';
  readonly periodMs = 3_600_000;
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
  }

  async tick(): Promise<void> {
    const now = this.#clock.now();
    await this.#sql`delete from alert_deliveries
      where created_at < ${new Date(now - DELIVERIES_MS)} and status in ('sent', 'failed')`;
    await this.#sql`delete from alerts a where at < ${new Date(now - HISTORY_MS)}
      and not exists (select 1 from alert_states s where s.alert_id = a.id)`;
    await this.#sql`delete from alert_silences where ends_at < ${new Date(now - DELIVERIES_MS)}`;
  }
}
