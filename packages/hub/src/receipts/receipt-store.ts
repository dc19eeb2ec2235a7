import { CopyEncoder, copyIn, type Sql, type TransactionSql } from '#seams/db-adapter/index.ts';
import type { NodeSpan } from '../ledger/index.ts';
import type { Reckoning } from './body.ts';
import { type ReceiptKey, type ReceiptRow, SUBTREE } from './receipt-tree.ts';

/** A pass of an hour. */
export interface PassKey {
  readonly hubHour: number;
  readonly pass: number;
}

export type Pass = PassKey & Reckoning;

const COPY = `copy settled_receipts (hub_hour, node_id, revision, pass, body) from stdin with (format binary)`;
const COLUMNS = 5;
/** Whole subtrees; read some milliseconds at a time. */
const PAGE = 8 * SUBTREE;

/** Bodies of receipts. */
export class ReceiptStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The newest of each node of the span that has one. */
  async newest(
    tx: TransactionSql,
    hubHour: number,
    { first, last }: NodeSpan,
  ): Promise<Map<string, ReceiptRow>> {
    const rows = await tx<ReceiptRow[]>`
      select distinct on (node_id) node_id as "nodeId", revision, body from settled_receipts
      where hub_hour = ${hubHour} and node_id between ${first} and ${last} order by node_id, revision desc`;
    return new Map(rows.map((row) => [row.nodeId, row]));
  }

  /** Their pass is to be sealed from now on. */
  async write(
    tx: TransactionSql,
    { hubHour, pass, mode, resetSequence }: Pass,
    rows: readonly ReceiptRow[],
  ): Promise<void> {
    if (rows.length === 0) return;
    await tx`insert into receipt_roots (hub_hour, pass, mode, reset_sequence)
      values (${hubHour}, ${pass}, ${mode}, ${resetSequence}) on conflict do nothing`;
    const encoder = new CopyEncoder(COLUMNS);
    for (const { nodeId, revision, body } of rows)
      encoder.row().int4(hubHour).text(nodeId).int2(revision).int2(pass).bytea(body);
    await copyIn(tx, COPY, once(encoder.end()));
  }

  /** Of one node's hour, by revision. */
  async of(nodeId: string, hubHour: number): Promise<(ReceiptRow & { readonly pass: number })[]> {
    return this.#sql<(ReceiptRow & { pass: number })[]>`
      select node_id as "nodeId", revision, pass, body from settled_receipts
      where hub_hour = ${hubHour} and node_id = ${nodeId} order by revision`;
  }

  /** A pass's leaves, in the order of its tree. */
  async *leaves(pass: PassKey): AsyncGenerator<readonly ReceiptRow[]> {
    let from: ReceiptKey = { nodeId: '', revision: 0 };
    for (;;) {
      const rows = await this.#page(pass, from, PAGE);
      if (rows.length > 0) yield rows;
      const last = rows.at(-1);
      if (rows.length < PAGE || last === undefined) return;
      from = { nodeId: last.nodeId, revision: last.revision + 1 };
    }
  }

  /** The leaves of a subtree. */
  subtree(pass: PassKey, first: ReceiptKey): Promise<readonly ReceiptRow[]> {
    return this.#page(pass, first, SUBTREE);
  }

  /** A first pass is nearly all of its hour; receipts of later ones are few and have an index, which a query must ask for. */
  #page({ hubHour, pass }: PassKey, from: ReceiptKey, limit: number): Promise<readonly ReceiptRow[]> {
    const isLater = pass === 0 ? this.#sql`` : this.#sql`and pass > 0`;
    return this.#sql<ReceiptRow[]>`
      select node_id as "nodeId", revision, body from settled_receipts
      where hub_hour = ${hubHour} and pass = ${pass} ${isLater}
        and (node_id, revision) >= (${from.nodeId}, ${from.revision})
      order by node_id, revision limit ${limit}`;
  }

  async forgetBefore(hubHour: number): Promise<void> {
    await this.#sql`delete from settled_receipts where hub_hour < ${hubHour}`;
    await this.#sql`delete from receipt_roots where hub_hour < ${hubHour} and number is null`;
  }
}

async function* once(piece: Buffer): AsyncGenerator<Buffer> {
  yield piece;
}
