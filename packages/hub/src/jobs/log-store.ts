import type { Sql } from '#seams/db-adapter/index.ts';

export interface LogPlace {
  /** Instance whose disk has it; undefined where nothing was ever stored. */
  readonly holder: string | undefined;
  readonly bytes: number;
  readonly attempt: number;
  /** No more will come: the job has ended. */
  readonly over: boolean;
}

/** Where logs are; their text is in files (`LogFiles`). */
export class LogStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Of these jobs the ones that are this node's, with their newest attempt. */
  async attempts(asked: readonly { nodeId: string; jobId: string }[]): Promise<ReadonlyMap<string, number>> {
    const given = asked.map(({ nodeId, jobId }) => ({ node_id: nodeId, job_id: jobId }));
    const rows = await this.#sql<{ job_id: string; attempt: number }[]>`
      select j.job_id, j.attempt from json_to_recordset(${JSON.stringify(given)}::text::json) as g(node_id text, job_id uuid)
      join jobs j on j.job_id = g.job_id and j.node_id = g.node_id`;
    return new Map(rows.map((row) => [row.job_id, row.attempt]));
  }

  async grew(sizes: ReadonlyMap<string, number>, instance: string): Promise<void> {
    const rows = [...sizes]
      .map(([job_id, bytes]) => ({ job_id, bytes }))
      .sort((a, b) => (a.job_id < b.job_id ? -1 : 1));
    await this.#sql`
      update jobs j set log_bytes = g.bytes, log_instance = ${instance}
      from json_to_recordset(${JSON.stringify(rows)}::text::json) as g(job_id uuid, bytes int) where j.job_id = g.job_id`;
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
