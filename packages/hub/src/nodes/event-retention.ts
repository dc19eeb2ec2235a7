import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';

const DAY_MS = 86_400_000;
const PASSING_DAYS = 30;
/** Ids looked at in one statement: a table of a hundred million rows is never locked for long. */
const STEP = 50_000;
const STEPS_A_TICK = 20;

/**
 * Sessions come and go by the thousand: what is only passing leaves after 30 days. Joins, clones, quarantines, key
 * rotations stay. Works up from the lowest id, so it needs no index on time.
 */
export class EventRetention {
  readonly name = 'event-retention';
  readonly periodMs = 3_600_000;
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;
  /** All up to this id was looked at. */
  #done = 0n;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
  }

  async tick(): Promise<void> {
    const before = new Date(this.#clock.now() - PASSING_DAYS * DAY_MS);
    for (let step = 0; step < STEPS_A_TICK; step += 1) {
      const [old] = await this.#sql<{ last: bigint | null }[]>`
        select max(id) filter (where at < ${before}) as last
        from (select id, at from node_events where id > ${String(this.#done)} order by id limit ${STEP}) next`;
      const last = old?.last ?? null;
      if (last === null) return;
      await this
        .#sql`delete from node_events where id > ${String(this.#done)} and id <= ${String(last)} and at < ${before}
        and kind in ('session-opened', 'session-closed', 'invalid-header')`;
      this.#done = last;
    }
  }
}
