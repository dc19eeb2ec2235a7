import { createHash } from 'node:crypto';
import type { Sql } from '#seams/db-adapter/index.ts';

/** Words of approvers on the plans of days. Whether they are any good is the signer's to say. */
export class ApprovalStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Of a day that is cut; the same again is the same. */
  async add(epoch: number, approval: Uint8Array, now: number): Promise<void> {
    const id = createHash('sha256').update(approval).digest('hex');
    await this.#sql`insert into mint_approvals (epoch, approval_id, approval, received_at)
      values (${epoch}, ${id}, ${Buffer.from(approval)}, ${new Date(now)}) on conflict do nothing`;
  }

  async of(epoch: number): Promise<Uint8Array[]> {
    const rows = await this.#sql<{ approval: Uint8Array }[]>`
      select approval from mint_approvals where epoch = ${epoch} order by received_at, approval_id`;
    return rows.map(({ approval }) => new Uint8Array(approval));
  }
}
