import type { Sql } from '#seams/db-adapter/index.ts';

/** What came of a submit, as a number each. */
export interface BatchTally {
  readonly submitted: number;
  readonly succeeded: number;
  /** Ended otherwise: failed, cancelled, dead. */
  readonly failed: number;
  /** Jobs that came to more than one result: they were run more than once. */
  readonly duplicates: number;
  /** From the submit to the end, of jobs that are over; undefined while none is. */
  readonly p99Ms: number | undefined;
}

export async function tallyBatch(sql: Sql, batchId: string): Promise<BatchTally> {
  const [[row], [twice]] = await Promise.all([
    sql<{ submitted: number; succeeded: number; failed: number; p99_ms: number | null }[]>`
      select count(*)::int as submitted, count(*) filter (where state = 'succeeded')::int as succeeded,
        count(*) filter (where state in ('failed', 'cancelled', 'dead'))::int as failed,
        (percentile_disc(0.99) within group (order by extract(epoch from ended_at - created_at)) * 1000)::float8 as p99_ms
      from jobs where batch_id = ${batchId}`,
    sql<{ duplicates: number }[]>`
      select count(*)::int as duplicates from (
        select r.job_id from job_results r join jobs j on j.job_id = r.job_id
        where j.batch_id = ${batchId} group by r.job_id having count(*) > 1) as twice`,
  ]);
  return {
    ...{ submitted: row?.submitted ?? 0, succeeded: row?.succeeded ?? 0, failed: row?.failed ?? 0 },
    duplicates: twice?.duplicates ?? 0,
    p99Ms: row?.p99_ms === null || row === undefined ? undefined : Math.round(row.p99_ms),
  };
}
