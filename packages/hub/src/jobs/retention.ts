import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { SqlFragment } from '../nodes/index.ts';
import type { LogFiles } from './log-files.ts';
import { KEEPSAKE_LIST, KEEPSAKES_KEPT_MS, KEPT_MS } from './state.ts';

/** Rows that go by one statement: nobody waits for a lock of it. */
const ROWS = 2_000;
const HOUR_MS = 3_600_000;

/**
 * Done jobs, their results, receipts and logs go after 30 days; what made a backup or a seed stays for longer, without its
 * log, and a job that is not over stays. Each instance removes the
 * logs of its own disk, by their age.
 */
export class JobRetention {
  readonly name = 'job-retention';
  readonly periodMs = HOUR_MS;
  readonly #deps: JobRetentionDeps;

  constructor(deps: JobRetentionDeps) {
    this.#deps = deps;
  }

  async tick(): Promise<void> {
    const { sql, files, clock } = this.#deps;
    const before = new Date(clock.now() - KEPT_MS);
    const long = new Date(clock.now() - KEEPSAKES_KEPT_MS);
    await repeated(
      () => sql`delete from jobs where job_id in (
        select job_id from jobs where ${expired(sql, before)} limit ${ROWS} for update skip locked)`,
    );
    await repeated(
      () => sql`delete from jobs where job_id in (
        select job_id from jobs where ${expiredKeepsake(sql, long)} limit ${ROWS} for update skip locked)`,
    );
    await repeated(
      () => sql`delete from job_results where result_hash in (
        select r.result_hash from job_results r where r.at < ${before}
          and not exists (select 1 from jobs j where j.job_id = r.job_id) limit ${ROWS})`,
    );
    await repeated(
      () => sql`delete from job_batches where batch_id in (
        select b.batch_id from job_batches b where b.created_at < ${before}
          and not exists (select 1 from jobs j where j.batch_id = b.batch_id) limit ${ROWS})`,
    );
    await sql`delete from job_holders where seen_at < ${before}`;
    await files.removeOlder(before.getTime());
  }
}

/** A condition, which has an index of its own, as `expiredKeepsake` has. */
export function expired(sql: Sql, before: Date): SqlFragment {
  return sql`ended_at < ${before} and not (${keepsake(sql)})`;
}

export function expiredKeepsake(sql: Sql, before: Date): SqlFragment {
  return sql`ended_at < ${before} and ${keepsake(sql)}`;
}

function keepsake(sql: Sql): SqlFragment {
  return sql`state = 'succeeded' and kind in (${sql.unsafe(KEEPSAKE_LIST)})`;
}

interface JobRetentionDeps {
  readonly sql: Sql;
  readonly files: LogFiles;
  readonly clock: Pick<Clock, 'now'>;
}

async function repeated(statement: () => PromiseLike<{ readonly count: number }>): Promise<void> {
  while ((await statement()).count >= ROWS);
}
