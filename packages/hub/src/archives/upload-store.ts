import type { Sql } from '#seams/db-adapter/index.ts';

interface AskerRow {
  readonly to: string;
  readonly id: string;
  readonly owner: string;
  readonly public_key: Uint8Array;
  readonly previous_key: Uint8Array | null;
}

export interface RunningBackup {
  /** The parameter of the job. */
  readonly to: string;
  readonly jobId: string;
  /** E-mail. */
  readonly owner: string;
  /** That its node may have signed with. */
  readonly keys: readonly Uint8Array[];
}

/** Where running backups go, and who sends them. */
export class UploadStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Undefined unless this attempt of this job is the one that runs on that node. */
  async find(
    { nodeId, jobId, attempt }: { nodeId: string; jobId: string; attempt: number },
    now: number,
  ): Promise<RunningBackup | undefined> {
    const [row] = await this.#sql<AskerRow[]>`
      select j.params::json ->> 'to' as to, j.job_id as id, j.owner, n.public_key,
        case when n.previous_key_until > ${new Date(now)} then n.previous_key end as previous_key
      from jobs j join nodes n on n.node_id = j.node_id
      where j.job_id = ${jobId}::uuid and j.node_id = ${nodeId} and j.attempt = ${attempt}
        and j.kind = 'backup-stoachain' and j.state in ('leased', 'running')`;
    if (row === undefined) return undefined;
    const { to, id, owner, public_key: current, previous_key: previous } = row;
    return { to, jobId: id, owner, keys: previous === null ? [current] : [current, previous] };
  }
}
