import { type KindName, kindOf } from '@stoa/protocol';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { Bell } from '../bell.ts';
import type { SqlFragment } from '../nodes/index.ts';
import { attemptsAt } from './attempts.ts';
import { type BatchJobs, DeskStore } from './desk-store.ts';

/**
 * Jobs of a batch that are given out some at a time, under the one order of that batch: the rings of a rollout. A node
 * has one job in it however often it is asked, since an order covers the attempts at one job there.
 */
export class StagedJobs {
  readonly #sql: Sql;
  readonly #store: DeskStore;
  readonly #ready: Bell;
  readonly #cancels: Bell;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#store = new DeskStore(sql);
    this.#ready = new Bell({ sql, channel: 'jobs_ready' });
    this.#cancels = new Bell({ sql, channel: 'jobs_cancel' });
  }

  /**
   * Makes the jobs of these nodes due; those that ended without success anew, while the order allows attempts. Idempotent:
   * what is under way stays so.
   * @param by.deadline not to be begun after it, ms.
   * @returns node id -> job id, of those that have not ended.
   */
  async give(
    batchId: string,
    nodeIds: readonly string[],
    by: { now: number; deadline: number },
  ): Promise<ReadonlyMap<string, string>> {
    if (nodeIds.length === 0) return new Map();
    const ids = [...nodeIds];
    return this.#sql.begin(async (tx) => {
      // One at a time: a node never gets a second job.
      const [batch] = await tx<{ kind: KindName; params: string; order_id: string }[]>`
        select kind, params, order_id from job_batches where batch_id = ${batchId} for update`;
      if (batch === undefined) return new Map<string, string>();
      const mine = tx`batch_id = ${batchId} and node_id = any(${ids}::text[])`;
      await this.#queueAnew(tx, mine, by);
      const known = await tx<{ node_id: string }[]>`select node_id from jobs where ${mine}`;
      const has = new Set(known.map(({ node_id }) => node_id));
      const kind = kindOf(batch.kind);
      const batchJobs: BatchJobs = {
        ...{ batchId, run: 'agent', kind: batch.kind, class: kind.class, idempotent: kind.idempotent },
        ...{ maxAttempts: attemptsAt(kind), params: batch.params, needsApproval: false },
        ...{ order: { orderId: batch.order_id }, now: by.now, scheduledAt: by.now, deadline: by.deadline },
      };
      const fresh = ids.filter((nodeId) => !has.has(nodeId));
      await this.#store.addJobs(tx, batchJobs, fresh);
      await this.#ready.ring(tx, ids);
      const due = await tx<{ node_id: string; job_id: string }[]>`
        select node_id, job_id from jobs where ${mine} and ended_at is null`;
      return new Map(due.map(({ node_id, job_id }) => [node_id, job_id]));
    });
  }

  /** Ends those that no agent has had. @returns their ids. */
  takeBack(batchId: string, by: { now: number; reason: string }): Promise<readonly string[]> {
    const sql = this.#sql;
    return this.#end(sql`j.batch_id = ${batchId} and j.state = 'queued' and j.fencing_token is null`, by);
  }

  /** Wants these ended, wherever they are: what runs is put back by its agent. */
  async end(batchId: string, nodeIds: readonly string[], by: { now: number; reason: string }): Promise<void> {
    await this.#end(this.#sql`j.batch_id = ${batchId} and j.node_id = any(${[...nodeIds]}::text[])`, by);
  }

  #end(which: SqlFragment, by: { now: number; reason: string }): Promise<readonly string[]> {
    return this.#sql.begin(async (tx) => {
      const { jobIds, running } = await this.#store.cancel(tx, which, by);
      await this.#cancels.ring(tx, running);
      return jobIds;
    });
  }

  /** As `DeskStore.retry`, but under the order that it has: the attempts go on where they were. */
  async #queueAnew(
    tx: TransactionSql,
    mine: SqlFragment,
    by: { now: number; deadline: number },
  ): Promise<void> {
    await tx`
      update jobs set state = 'queued', ended_at = null, started_at = null, code = '', message = '', report = '',
        progress = null, step = '', cancel_wanted = null, acked = false, fencing_token = null,
        idempotency_key = gen_random_uuid(), scheduled_at = ${new Date(by.now)}, deadline = ${new Date(by.deadline)}
      where ${mine} and state in ('failed', 'cancelled', 'dead') and attempt < max_attempts`;
  }
}
