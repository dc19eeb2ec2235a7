import { ROOTS_PER_GENERATION } from '@stoa/protocol';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { readGeneration } from '../region-settings.ts';
import type { Pass, PassKey } from './receipt-store.ts';
import type { ReceiptRow, TreeTop } from './receipt-tree.ts';

/** A published root. */
export interface SealedRoot extends PassKey {
  /** Counts up in the region. */
  readonly number: number;
  /** Leaves. */
  readonly count: number;
  /** `receiptRootKind`, sealed. */
  readonly sealed: Uint8Array;
  /** Certificates of the region and of the instance that signed. */
  readonly region: Uint8Array;
  readonly instance: Uint8Array;
}

/** Where a root stands. */
export interface RootPlace {
  readonly number: number;
  /** The root before it, sealed. */
  readonly last: Uint8Array | undefined;
}

/** A receipt that a root stands for. */
export type RootedReceipt = SealedRoot & Omit<ReceiptRow, 'nodeId'>;

/** What a node asks for: what is behind the root of that number. */
export interface Behind {
  readonly nodeId: string;
  readonly after: number;
  /** Of hours before it there are no bodies any more. */
  readonly firstHour: number;
}

interface RootRow {
  hub_hour: number;
  pass: number;
  number: bigint;
  count: number;
  sealed: Uint8Array;
  region: Uint8Array;
  instance: Uint8Array;
}

/** Whoever signs takes the next number: one after the other, in all instances. */
const ROOTS_LOCK = 0x5243_5054;

export class RootStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Passes that are over, wrote receipts, and have no root, the oldest first. A reset of the ledger ends a pass too. */
  async unsealed(): Promise<Pass[]> {
    const rows = await this.#sql<(Omit<Pass, 'resetSequence'> & { resetSequence: bigint })[]>`
      select r.hub_hour as "hubHour", r.pass, r.mode, r.reset_sequence as "resetSequence" from receipt_roots r join ledger_hours h on h.hour = r.hub_hour
      where r.number is null and (h.passes > r.pass or h.next_pass_at is null) order by r.hub_hour, r.pass`;
    return rows.map((row) => ({ ...row, resetSequence: Number(row.resetSequence) }));
  }

  /** Signs the next number by `sign`, in the restore generation of the database, unless somebody has signed this pass meanwhile. */
  async put(
    { hubHour, pass }: PassKey,
    sign: (place: RootPlace) => SealedRoot & { readonly top: TreeTop },
    at: Date,
  ): Promise<SealedRoot | undefined> {
    return (await this.#sql.begin(async (tx: TransactionSql) => {
      await tx`select pg_advisory_xact_lock(${ROOTS_LOCK})`;
      const open =
        await tx`select from receipt_roots where hub_hour = ${hubHour} and pass = ${pass} and number is null`;
      if (open.length === 0) return undefined;
      const [last] = await tx<
        RootRow[]
      >`select * from receipt_roots where number is not null order by number desc limit 1`;
      const first = (await readGeneration(tx)) * ROOTS_PER_GENERATION + 1;
      const number = Math.max(first, Number(last?.number ?? 0) + 1);
      const root = sign({ number, last: last?.sealed });
      await tx`update receipt_roots set number = ${root.number}, count = ${root.count}, sealed = ${Buffer.from(root.sealed)},
        region = ${Buffer.from(root.region)}, instance = ${Buffer.from(root.instance)}, sealed_at = ${at}
        where hub_hour = ${hubHour} and pass = ${pass}`;
      const { roots, firsts } = root.top;
      await tx`insert into receipt_tops (hub_hour, pass, roots, firsts)
        values (${hubHour}, ${pass}, ${Buffer.from(roots)}, ${Buffer.from(firsts)})`;
      return root;
    })) as SealedRoot | undefined;
  }

  /** By pass. */
  async of(hubHour: number): Promise<SealedRoot[]> {
    const rows = await this.#sql<RootRow[]>`
      select * from receipt_roots where hub_hour = ${hubHour} and number is not null order by pass`;
    return rows.map(rootOf);
  }

  /** The newest roots before a number, the newest first. */
  async newest(limit: number, before?: number): Promise<SealedRoot[]> {
    const rows = await this.#sql<RootRow[]>`select * from receipt_roots
      where number < ${before ?? Number.MAX_SAFE_INTEGER} order by number desc limit ${limit}`;
    return rows.map(rootOf);
  }

  /** Of a pass that is sealed and whose bodies are kept. */
  async top({ hubHour, pass }: PassKey): Promise<TreeTop | undefined> {
    const [row] = await this.#sql<TreeTop[]>`
      select roots, firsts from receipt_tops where hub_hour = ${hubHour} and pass = ${pass}`;
    return row;
  }

  async forgetTopsBefore(hubHour: number): Promise<void> {
    await this.#sql`delete from receipt_tops where hub_hour < ${hubHour}`;
  }

  /**
   * A node's receipts behind a root, by root; all of one root or none. Roots are kept for ever: those are not looked at whose
   * bodies are gone, nor those of hours in which the node was not there yet.
   */
  async since({ nodeId, after, firstHour }: Behind, limit: number): Promise<RootedReceipt[]> {
    const rows = await this.#sql<(RootRow & { revision: number; body: Uint8Array })[]>`
      with first as materialized (
        select greatest(${firstHour}::int, floor(extract(epoch from max(created_at)) / 3600)::int) as hour
        from nodes where node_id = ${nodeId})
      select r.*, s.revision, s.body from receipt_roots r join settled_receipts s
        on s.hub_hour = r.hub_hour and s.node_id = ${nodeId} and s.pass = r.pass
      where r.number > ${after} and r.hub_hour >= (select hour from first)
        and r.number >= (select min(number) from receipt_roots where hub_hour >= (select hour from first))
      order by r.number fetch first ${limit} rows with ties`;
    return rows
      .map((row) => ({ ...rootOf(row), revision: row.revision, body: row.body }))
      .sort((a, b) => a.number - b.number || a.revision - b.revision);
  }
}

function rootOf({ hub_hour, number, pass, count, sealed, region, instance }: RootRow): SealedRoot {
  return { hubHour: hub_hour, number: Number(number), ...{ pass, count, sealed, region, instance } };
}
