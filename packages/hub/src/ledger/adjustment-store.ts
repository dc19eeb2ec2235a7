import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { AccountId } from './event.ts';

export interface Adjustment {
  readonly adjustmentId: number;
  readonly accountId: AccountId;
  /** As the chain has it. */
  readonly account: string | undefined;
  readonly amount: bigint;
  readonly reason: string;
  readonly proposedBy: string;
  readonly proposedAt: number;
  readonly decidedBy: string | undefined;
  readonly decidedAt: number | undefined;
  readonly outcome: 'applied' | 'refused' | undefined;
}

interface Row {
  adjustment_id: bigint;
  account_id: string;
  account: string | null;
  amount: string;
  reason: string;
  proposed_by: string;
  proposed_at: Date;
  decided_by: string | null;
  decided_at: Date | null;
  outcome: 'applied' | 'refused' | null;
}

/** Adjustments, from their proposal to what became of them. */
export class AdjustmentStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Of an account by its name or its id; undefined where nobody named it for a payout. */
  async accountId(account: string): Promise<AccountId | undefined> {
    const [row] = await this.#sql<{ account_id: string }[]>`
      select account_id from payout_accounts where account = ${account} or account_id = ${account} limit 1`;
    return row?.account_id;
  }

  async propose(
    one: Pick<Adjustment, 'accountId' | 'amount' | 'reason' | 'proposedBy' | 'proposedAt'>,
    record: (tx: TransactionSql, adjustmentId: number) => Promise<void>,
  ): Promise<number> {
    return (await this.#sql.begin(async (tx) => {
      const [row] = await tx<{ id: bigint }[]>`
        insert into ledger_adjustments (account_id, amount, reason, proposed_by, proposed_at)
        values (${one.accountId}, ${String(one.amount)}::text::numeric, ${one.reason}, ${one.proposedBy},
          ${new Date(one.proposedAt)}) returning adjustment_id as id`;
      const id = Number(row!.id);
      await record(tx, id);
      return id;
    })) as number;
  }

  /** An open one, which nobody else decides until the transaction ends. */
  async take(tx: TransactionSql, adjustmentId: number): Promise<Adjustment | undefined> {
    const [row] = await tx<Row[]>`select j.*, null as account from ledger_adjustments j
      where adjustment_id = ${adjustmentId} and outcome is null for update`;
    return row && adjustmentOf(row);
  }

  async decide(
    tx: TransactionSql,
    adjustmentId: number,
    by: { decidedBy: string; decidedAt: number; outcome: 'applied' | 'refused'; sequence?: number },
  ): Promise<void> {
    await tx`update ledger_adjustments set decided_by = ${by.decidedBy}, decided_at = ${new Date(by.decidedAt)},
      outcome = ${by.outcome}, sequence = ${by.sequence ?? null} where adjustment_id = ${adjustmentId}`;
  }

  /** All that are open. @returns how many there were. */
  async refuseOpen(tx: TransactionSql, by: { decidedBy: string; decidedAt: number }): Promise<number> {
    const { count } = await tx`update ledger_adjustments set decided_by = ${by.decidedBy},
      decided_at = ${new Date(by.decidedAt)}, outcome = 'refused' where outcome is null`;
    return count;
  }

  async current(tx: TransactionSql, accountId: AccountId): Promise<bigint> {
    const [row] = await tx<{ current: string }[]>`
      select current::text as current from ledger_accounts where account_id = ${accountId}`;
    return BigInt(row?.current ?? 0);
  }

  /** Open ones first, then the newest. */
  async list(limit: number): Promise<Adjustment[]> {
    const rows = await this.#sql<Row[]>`select j.*, a.account from ledger_adjustments j
      left join payout_accounts a using (account_id)
      order by j.outcome is not null, j.adjustment_id desc limit ${limit}`;
    return rows.map(adjustmentOf);
  }
}

function adjustmentOf(row: Row): Adjustment {
  return {
    adjustmentId: Number(row.adjustment_id),
    accountId: row.account_id,
    account: row.account ?? undefined,
    amount: BigInt(row.amount),
    reason: row.reason,
    proposedBy: row.proposed_by,
    proposedAt: row.proposed_at.getTime(),
    decidedBy: row.decided_by ?? undefined,
    decidedAt: row.decided_at?.getTime(),
    outcome: row.outcome ?? undefined,
  };
}
