import type { Sql } from '@stoa/hub/seams/db-adapter/index';
export interface LedgerRows {
  /** Hours up to this one are closed; whole hours since 1970. */
  readonly until: number;
  readonly hours: number;
  readonly nodes: number;
}
/**
 * A ledger that has closed hours of all nodes, an accrual each; owners are paid to the account `md5(owner)`. Rows are put into
 * partitions before they have indexes and without a journal, as no ledger would: ten million are there in minutes.
 */
export declare function seedLedger(sql: Sql, { until, hours, nodes }: LedgerRows): Promise<void>;
