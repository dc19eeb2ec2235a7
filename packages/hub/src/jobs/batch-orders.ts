import type { CarriedOrder } from '@stoa/protocol';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { LeasedJob } from './dispatch-store.ts';
import type { OrderSource } from './order-source.ts';

/** The signed order that each leased job travels with. */
export class BatchOrders {
  readonly #sql: Sql;
  readonly #source: OrderSource;

  constructor(by: { sql: Sql; source: OrderSource }) {
    this.#sql = by.sql;
    this.#source = by.source;
  }

  /** By job id; a job without an order is left out. */
  async carriedFor(jobs: readonly LeasedJob[]): Promise<ReadonlyMap<string, CarriedOrder>> {
    const ordered = jobs.filter((job) => job.orderId !== null);
    const carried = new Map<string, CarriedOrder>();
    if (ordered.length === 0) return carried;
    const batchIds = [...new Set(ordered.map((job) => job.batchId))];
    const rows = await this.#sql<{ batch_id: string; order_sealed: Uint8Array }[]>`
      select batch_id, order_sealed from job_batches where batch_id = any(${batchIds}::uuid[]) and order_sealed is not null`;
    for (const { batch_id, order_sealed } of rows) {
      const mine = ordered.filter((job) => job.batchId === batch_id);
      const batch = { batchId: batch_id, sealed: new Uint8Array(order_sealed) };
      const byNode = await this.#source.carried(
        batch,
        mine.map((job) => job.nodeId),
      );
      for (const job of mine) {
        const order = byNode.get(job.nodeId);
        if (order !== undefined) carried.set(job.jobId, order);
      }
    }
    return carried;
  }
}
