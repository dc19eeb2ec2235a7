import type { Sql } from '#seams/db-adapter/index.ts';
import { wireLease } from './lease.ts';
import type { WorkSessions } from './work-sessions.ts';

interface CancelsDeps {
  readonly sql: Sql;
  readonly sessions: WorkSessions;
  readonly instance: string;
}

/**
 * Tells the agents of this instance which jobs are to end, at once. One that misses it is told with its next renewal.
 */
export class Cancels {
  readonly #deps: CancelsDeps;

  constructor(deps: CancelsDeps) {
    this.#deps = deps;
  }

  /** @param jobIds undefined: all that are to end. */
  async tell(jobIds: readonly string[] | undefined): Promise<void> {
    const { sql, sessions, instance } = this.#deps;
    const which = jobIds === undefined ? sql`true` : sql`job_id = any(${[...jobIds]}::uuid[])`;
    const rows = await sql<
      { job_id: string; node_id: string; attempt: number; fencing_token: bigint; cancel_wanted: string }[]
    >`select job_id, node_id, attempt, fencing_token, cancel_wanted from jobs
      where ended_at is null and state in ('leased', 'running') and cancel_wanted is not null and instance = ${instance}
        and ${which}`;
    for (const row of rows) {
      const lease = { jobId: row.job_id, attempt: row.attempt, fencingToken: Number(row.fencing_token) };
      sessions.get(row.node_id)?.agent.send('cancelJob', { ...wireLease(lease), reason: row.cancel_wanted });
    }
  }
}
