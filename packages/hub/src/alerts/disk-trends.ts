import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Task } from '../ticker.ts';

const HOUR_S = 3_600;
const SAMPLE_S = 6 * HOUR_S;
/** A week of samples. */
const SAMPLES = 28;
/** Less tells nothing: a night's backup would be taken for a trend. */
const LEAST_SPAN_S = 48 * HOUR_S;
const NODES_A_STEP = 10_000;

/**
 * How fast disks fill: each node's free bytes every six hours, and the slope of the line through a week of them. Any
 * instance may do it; a sample that is there is not taken twice.
 */
export class DiskTrends implements Task {
  readonly name = 'disk-trends';
  readonly periodMs = 10 * 60_000;
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
  }

  async tick(): Promise<void> {
    for (let taken = NODES_A_STEP; taken === NODES_A_STEP; ) taken = await this.#step();
  }

  async #step(): Promise<number> {
    const now = Math.floor(this.#clock.now() / 1_000);
    const rows = await this.#sql`
      with due as (
        select n.node_id, s.disk_free,
          (coalesce(t.at, '{}'::bigint[]) || ${now}::bigint) as at,
          (coalesce(t.free, '{}'::bigint[]) || s.disk_free) as free
        from nodes n join node_status s using (node_id) left join disk_trends t using (node_id)
        where n.retired_at is null and s.disk_free is not null
          and s.last_seen > ${new Date((now - SAMPLE_S) * 1_000)}
          and coalesce(t.at[cardinality(t.at)], 0) <= ${now - SAMPLE_S}::bigint
        order by n.node_id limit ${NODES_A_STEP}),
      kept as (
        select node_id, at[greatest(1, cardinality(at) - ${SAMPLES - 1}::int):] as at,
          free[greatest(1, cardinality(free) - ${SAMPLES - 1}::int):] as free from due),
      told as (
        select k.node_id, k.at, k.free,
          (select regr_slope(f.free, f.at) from unnest(k.free, k.at) as f(free, at)) as slope from kept k)
      insert into disk_trends (node_id, at, free, bytes_per_day)
      select node_id, at, free, case when slope < 0 and at[cardinality(at)] - at[1] >= ${LEAST_SPAN_S}::bigint
        then (-slope * 86400)::bigint end
      from told
      on conflict (node_id) do update set at = excluded.at, free = excluded.free, bytes_per_day = excluded.bytes_per_day
      returning 1`;
    return rows.length;
  }
}
