import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { SqlFragment } from '../nodes/index.ts';
import type { JobRun } from './job.ts';
import { DEADLINE_MS } from './state.ts';

export interface BatchOrder {
  readonly orderId: string;
  readonly sealed: Uint8Array;
  /** E-mail of whose key signed it. */
  readonly signedBy: string;
}

/** What the jobs of a batch have in common. Times are milliseconds since 1970. */
export interface BatchJobs {
  readonly batchId: string;
  readonly run: JobRun;
  readonly kind: string;
  readonly class: string;
  readonly idempotent: boolean;
  readonly maxAttempts: number;
  readonly params: string;
  readonly needsApproval: boolean;
  readonly order: Pick<BatchOrder, 'orderId'> | undefined;
  readonly now: number;
  readonly scheduledAt: number;
  /** Not to be begun after it; a day after `scheduledAt` unless said. */
  readonly deadline?: number;
}

export interface NewBatch extends BatchJobs {
  readonly selector: string;
  readonly createdBy: string;
  readonly order: BatchOrder | undefined;
  /** Whose turn it is; undefined for what a person submits. */
  readonly scheduleId: string | undefined;
  /** What is named by the order, where its jobs come later (`StagedJobs`); as many as the jobs unless said. */
  readonly nodes?: number;
}

/** Rows of one statement. */
const ROWS = 5_000;

/** Writes batches and what people do to their jobs. */
export class DeskStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  begin<T>(work: (tx: TransactionSql) => Promise<T>): Promise<T> {
    return this.#sql.begin(work) as Promise<T>;
  }

  async batch(
    batchId: string,
  ): Promise<{ nodes: number; createdBy: string; needsApproval: boolean } | undefined> {
    const [row] = await this.#sql<{ node_count: number; created_by: string; needs_approval: boolean }[]>`
      select node_count, created_by, needs_approval from job_batches where batch_id = ${batchId}`;
    return row && { nodes: row.node_count, createdBy: row.created_by, needsApproval: row.needs_approval };
  }

  /** @returns false where the batch is there already: then nothing is written. */
  async insert(tx: TransactionSql, batch: NewBatch, nodeIds: readonly string[]): Promise<boolean> {
    const { batchId, order } = batch;
    const fresh = await tx`
      insert into job_batches (batch_id, run, kind, params, selector, node_count, created_by, created_at, needs_approval,
        order_id, order_sealed, signed_by, schedule_id)
      values (${batchId}, ${batch.run}, ${batch.kind}, ${batch.params}, ${batch.selector}, ${batch.nodes ?? nodeIds.length},
        ${batch.createdBy}, ${new Date(batch.now)}, ${batch.needsApproval}, ${order?.orderId ?? null},
        ${order === undefined ? null : Buffer.from(order.sealed)}, ${order?.signedBy ?? null}, ${batch.scheduleId ?? null})
      on conflict do nothing returning batch_id`;
    if (fresh.length === 0) return false;
    await this.addJobs(tx, batch, nodeIds);
    return true;
  }

  /** One job a node, to be begun from `scheduledAt` on. */
  async addJobs(tx: TransactionSql, batch: BatchJobs, nodeIds: readonly string[]): Promise<void> {
    const { batchId } = batch;
    const [from, until] = [batch.scheduledAt, batch.deadline ?? batch.scheduledAt + DEADLINE_MS];
    for (let i = 0; i < nodeIds.length; i += ROWS)
      await tx`
        insert into jobs (batch_id, node_id, owner, run, kind, class, mutating, idempotent, params, held, max_attempts,
          scheduled_at, deadline, order_id, created_at)
        select ${batchId}, n.node_id, n.owner, ${batch.run}, ${batch.kind}, ${batch.class}, ${batch.class !== 'read'},
          ${batch.idempotent}, ${batch.params}, ${batch.needsApproval}, ${batch.maxAttempts},
          ${new Date(from)}, ${new Date(until)}, ${batch.order?.orderId ?? null}, ${new Date(batch.now)}
        from nodes n where n.node_id = any(${nodeIds.slice(i, i + ROWS)}::text[])`;
  }

  /**
   * Wants jobs ended. What waits ends at once, by a person's word, and so does what nobody knows the fate of, even where
   * somebody had wanted it ended while it ran; what runs ends by its agent's.
   * @param which a condition over j (jobs) and n (nodes, outer-joined).
   */
  async cancel(
    tx: TransactionSql,
    which: SqlFragment,
    by: { reason: string; now: number },
  ): Promise<{ jobIds: readonly string[]; running: readonly string[] }> {
    const at = new Date(by.now);
    const rows = await tx<{ job_id: string; state: string }[]>`
      with wanted as materialized (
        select j.job_id from jobs j left join nodes n using (node_id)
        where j.ended_at is null and (j.cancel_wanted is null or j.state = 'unknown') and ${which}
        order by j.job_id for update of j
      )
      update jobs j set cancel_wanted = ${by.reason},
        code = case j.state when 'queued' then 'cancelled' when 'unknown' then 'effect_unknown' else j.code end,
        message = case when j.state in ('queued', 'unknown') then ${by.reason} else j.message end,
        ended_at = case when j.state in ('queued', 'unknown') then ${at}::timestamptz end,
        state = case when j.state in ('queued', 'unknown') then 'cancelled' else j.state end
      from wanted w where j.job_id = w.job_id returning j.job_id, j.state`;
    return {
      jobIds: rows.map((row) => row.job_id),
      running: rows.filter((row) => row.state !== 'cancelled').map((row) => row.job_id),
    };
  }

  /** Queues anew what ended without success and needs no order. Returns what it queued. */
  async retry(
    tx: TransactionSql,
    which: SqlFragment,
    by: { now: number; attempts: number },
  ): Promise<readonly { nodeId: string; run: JobRun }[]> {
    const at = new Date(by.now);
    return tx<{ nodeId: string; run: JobRun }[]>`
      with wanted as materialized (
        select j.job_id from jobs j left join nodes n using (node_id)
        where j.state in ('failed', 'cancelled', 'dead') and j.order_id is null and ${which}
        order by j.job_id for update of j
      )
      update jobs j set state = 'queued', ended_at = null, started_at = null, code = '', message = '', report = '',
        progress = null, step = '', cancel_wanted = null, acked = false, fencing_token = null, idempotency_key = gen_random_uuid(),
        max_attempts = j.attempt + case when j.idempotent then ${by.attempts} else 1 end,
        scheduled_at = ${at}, deadline = ${new Date(by.now + DEADLINE_MS)}
      from wanted w where j.job_id = w.job_id returning j.node_id as "nodeId", j.run`;
  }

  /** The second word for a batch that waits for it: never by whoever submitted it or signed its order. Returns its nodes. */
  async approve(
    tx: TransactionSql,
    batchId: string,
    by: { approver: string; now: number },
  ): Promise<readonly string[] | undefined> {
    const approved = await tx`
      update job_batches set approved_by = ${by.approver}, approved_at = ${new Date(by.now)}
      where batch_id = ${batchId} and needs_approval and approved_by is null and created_by <> ${by.approver}
        and signed_by is distinct from ${by.approver}
      returning batch_id`;
    if (approved.length === 0) return undefined;
    const rows = await tx<{ node_id: string }[]>`
      update jobs set held = false where batch_id = ${batchId} and held returning node_id`;
    return rows.map((row) => row.node_id);
  }
}
