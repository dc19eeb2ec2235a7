import type { Sql } from '#seams/db-adapter/index.ts';

/** How far a submit is, as a number of jobs each. */
export interface BatchCounts {
  readonly submitted: number;
  readonly succeeded: number;
  /** Ended otherwise: failed, cancelled, dead. */
  readonly failed: number;
  /** Not over. */
  readonly open: number;
}

/** What came of a submit. */
export interface BatchTally extends BatchCounts {
  /** Jobs that came to more than one result: they were run more than once. */
  readonly duplicates: number;
  /** From the submit to the end, of jobs that are over; undefined while none is. */
  readonly p99Ms: number | undefined;
}

/** Cheap enough to be asked again and again. */
export async function countBatch(sql: Sql, batchId: string): Promise<BatchCounts> {
  const [row] = await sql<{ submitted: number; succeeded: number; failed: number }[]>`
    select count(*)::int as submitted, count(*) filter (where state = 'succeeded')::int as succeeded,
      count(*) filter (where state in ('failed', 'cancelled', 'dead'))::int as failed
    from jobs where batch_id = ${batchId}`;
  const { submitted = 0, succeeded = 0, failed = 0 } = row ?? {};
  return { submitted, succeeded, failed, open: submitted - succeeded - failed };
}

export async function tallyBatch(sql: Sql, batchId: string): Promise<BatchTally> {
  const [counts, [last], [twice]] = await Promise.all([
    countBatch(sql, batchId),
    sql<{ p99_ms: number | null }[]>`
      select (percentile_disc(0.99) within group (order by extract(epoch from ended_at - created_at)) * 1000)::float8 as p99_ms
      from jobs where batch_id = ${batchId} and ended_at is not null`,
    sql<{ duplicates: number }[]>`
      select count(*)::int as duplicates from (
        select r.job_id from job_results r join jobs j on j.job_id = r.job_id
        where j.batch_id = ${batchId} group by r.job_id having count(*) > 1) as twice`,
  ]);
  const p99 = last?.p99_ms ?? undefined;
  return {
    ...counts,
    duplicates: twice?.duplicates ?? 0,
    p99Ms: p99 === undefined ? undefined : Math.round(p99),
  };
}
