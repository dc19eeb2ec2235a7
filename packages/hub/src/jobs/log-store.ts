import type { Sql } from '#seams/db-adapter/index.ts';

export interface LogPlace {
  /** Instance whose disk has it; undefined where nothing was ever stored. */
  readonly holder: string | undefined;
  readonly bytes: number;
  readonly attempt: number;
  /** No more will come: the job has ended. */
  readonly over: boolean;
}

/** A node, and the job whose log it says it writes. */
export interface LogOwner {
  readonly nodeId: string;
  readonly jobId: string;
}

/** Where logs are; their text is in files (`LogFiles`). */
export class LogStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /**
   * The newest attempt at each job that is the asking node's, in the order asked; undefined for any other. A node writes no
   * log of another's job, nor of work over SSH on its host.
   */
  async attempts(asked: readonly LogOwner[]): Promise<readonly (number | undefined)[]> {
    const given = asked.map(({ nodeId, jobId }) => ({ node_id: nodeId, job_id: jobId }));
    const rows = await this.#sql<{ place: bigint; attempt: number }[]>`
      select g.place, j.attempt from rows from (json_to_recordset(${JSON.stringify(given)}::text::json)
        as (node_id text, job_id uuid)) with ordinality as g(node_id, job_id, place)
      join jobs j on j.job_id = g.job_id and j.node_id = g.node_id and j.run = 'agent'`;
    const attempts = new Map(rows.map((row) => [Number(row.place) - 1, row.attempt]));
    return asked.map((_, i) => attempts.get(i));
  }

  async grew(sizes: ReadonlyMap<string, number>, instance: string): Promise<void> {
    const rows = [...sizes].map(([job_id, bytes]) => ({ job_id, bytes }));
    // Locked in the order in which every other statement locks jobs: an update by a join takes the planner's.
    await this.#sql`
      with given as (
        select * from json_to_recordset(${JSON.stringify(rows)}::text::json) as g(job_id uuid, bytes int)
      ), held as materialized (
        select j.job_id from given join jobs j using (job_id) order by j.job_id for update of j
      )
      update jobs j set log_bytes = g.bytes, log_instance = ${instance}
      from given g join held using (job_id) where j.job_id = g.job_id`;
  }

  async place(jobId: string): Promise<LogPlace | undefined> {
    const [row] = await this.#sql<
      { log_instance: string | null; log_bytes: number; attempt: number; over: boolean }[]
    >`select log_instance, log_bytes, attempt, ended_at is not null as over from jobs where job_id = ${jobId}`;
    if (row === undefined) return undefined;
    return {
      holder: row.log_instance ?? undefined,
      bytes: row.log_bytes,
      attempt: row.attempt,
      over: row.over,
    };
  }

  /** Where its peers reach an instance; undefined where they don't. */
  async urlOf(instance: string): Promise<string | undefined> {
    const [row] = await this.#sql<
      { url: string }[]
    >`select url from job_holders where instance = ${instance}`;
    return row === undefined || row.url === '' ? undefined : row.url;
  }
}
