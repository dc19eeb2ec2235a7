import type { PendingQuery, Row } from 'postgres';
import { z } from 'zod';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';

export interface RichRow {
  readonly place: number;
  readonly account: string;
  /** Units of 1e-12 points. */
  readonly current: bigint;
  readonly redeemed: bigint;
  /** Places that it rose since the list before, fell where below 0; undefined: it was not in it. */
  readonly rose: number | undefined;
}

export interface RichHead {
  /** Milliseconds since 1970. */
  readonly asOf: number;
  readonly mode: 'shadow' | 'live';
  readonly accounts: number;
  readonly total: bigint;
  readonly tookMs: number;
}

export interface RichPage {
  readonly head: RichHead;
  readonly rows: readonly RichRow[];
}

interface ListRow {
  place: number;
  account: string;
  current: string;
  redeemed: string;
  place_before: number | null;
}

type Side = 'a' | 'b';

interface HeadRow {
  side: Side;
  as_of: Date;
  mode: 'shadow' | 'live';
  accounts: number;
  total: string;
  took_ms: number;
}

/** Rows of the page that stands in the head itself. */
export const FIRST_PAGE = 100;
/** A list that takes so long is as good as none. */
const TIMEOUT_MS = 120_000;
/** Nobody reads the side that is emptied but who has been at it for an hour. */
const LOCK_TIMEOUT_MS = 5_000;

const topRows = z.array(
  z.object({
    place: z.number(),
    account: z.string(),
    current: z.string(),
    redeemed: z.string(),
    place_before: z.number().nullable(),
  }),
);

/** Accounts by what they have: written as a whole, read by place. */
export class RichListStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The first page, out of one row. Undefined: there is no list yet. */
  async first(): Promise<RichPage | undefined> {
    const [row] = await this.#sql<(HeadRow & { top: unknown })[]>`
      select side, as_of, mode, accounts, total::text as total, took_ms, top from rich_list_head`;
    return row && { head: headOf(row), rows: topRows.parse(row.top).map(rowOf) };
  }

  /** From behind a place on. */
  async after(place: number, limit: number): Promise<RichPage | undefined> {
    const sql = this.#sql;
    return this.#page(sql`l.place > ${place} order by l.place limit ${limit}`);
  }

  /** The account's own row, if it has one. */
  async find(account: string): Promise<RichPage | undefined> {
    const sql = this.#sql;
    return this.#page(
      sql`l.account_id = (select account_id from payout_accounts where account = ${account}) limit 1`,
    );
  }

  async asOf(): Promise<number | undefined> {
    const [row] = await this.#sql<{ as_of: Date }[]>`select as_of from rich_list_head`;
    return row?.as_of.getTime();
  }

  /** Puts a new list in force, as one moment of the ledger has it. Readers have the one before until it is whole. */
  async refresh(now: number, elapsed: () => number): Promise<void> {
    const head = await this.#head();
    const old: Side = head?.side ?? 'b';
    const side: Side = old === 'a' ? 'b' : 'a';
    // By itself: what empties a table keeps readers out until it is committed.
    await this.#sql.begin(async (tx) => {
      await tx.unsafe(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
      await tx`truncate ${tx(tableOf(side))}`;
      await tx`drop index if exists ${tx(`${tableOf(side)}_account`)}`;
    });
    await this.#sql.begin('isolation level repeatable read', async (tx) => {
      await tx.unsafe(`set local statement_timeout = ${TIMEOUT_MS}`);
      // The sort of half a million is done in memory.
      await tx.unsafe(`set local work_mem = '128MB'`);
      await fill(tx, side, old);
      await tx`create index ${tx(`${tableOf(side)}_account`)} on ${tx(tableOf(side))} (account_id)`;
      await putInForce(tx, side, now);
      await tx`update rich_list_head set took_ms = ${elapsed()}`;
    });
    await this.#sql`analyze ${this.#sql(tableOf(side))}`;
  }

  /** The side that a head names stands for an hour after the next is in force: head and rows are those of one list. */
  async #page(which: PendingQuery<Row[]>): Promise<RichPage | undefined> {
    const sql = this.#sql;
    const head = await this.#head();
    if (head === undefined) return undefined;
    const rows = await sql<ListRow[]>`
      select l.place, coalesce(p.account, l.account_id) as account, l.current::text as current,
        l.redeemed::text as redeemed, l.place_before
      from (select * from ${sql(tableOf(head.side))} l where ${which}) l left join payout_accounts p using (account_id)
      order by l.place`;
    return { head: headOf(head), rows: rows.map(rowOf) };
  }

  async #head(): Promise<HeadRow | undefined> {
    const [row] = await this.#sql<
      HeadRow[]
    >`select side, as_of, mode, accounts, total::text as total, took_ms from rich_list_head`;
    return row;
  }
}

function tableOf(side: Side): string {
  return `rich_list_${side}`;
}

async function fill(tx: TransactionSql, side: Side, old: Side): Promise<void> {
  await tx`insert into ${tx(tableOf(side))} (place, account_id, current, redeemed, place_before)
    select a.place, a.account_id, a.current, a.redeemed, b.place from (
      select account_id, current + minting as current, redeemed,
        row_number() over (order by current + minting + redeemed desc, account_id) as place
      from ledger_accounts where current + minting + redeemed > 0) a
    left join ${tx(tableOf(old))} b on b.account_id = a.account_id order by a.place`;
}

async function putInForce(tx: TransactionSql, side: Side, now: number): Promise<void> {
  const table = tx(tableOf(side));
  await tx`insert into rich_list_head (id, side, as_of, sequence, mode, accounts, total, took_ms, top)
    select 1, ${side}, ${new Date(now)}, coalesce((select sequence from ledger_head), 0),
      coalesce((select mode from ledger_head), 'shadow'), count(*), coalesce(sum(current + redeemed), 0), 0,
      (select coalesce(jsonb_agg(jsonb_build_object('place', t.place, 'account', t.account,
          'current', t.current::text, 'redeemed', t.redeemed::text, 'place_before', t.place_before)
          order by t.place), '[]')
        from (select l.*, coalesce(p.account, l.account_id) as account from ${table} l
          left join payout_accounts p using (account_id) where l.place <= ${FIRST_PAGE}) t)
    from ${table}
    on conflict (id) do update set side = excluded.side, as_of = excluded.as_of, sequence = excluded.sequence,
      mode = excluded.mode, accounts = excluded.accounts, total = excluded.total, top = excluded.top`;
}

function headOf(row: HeadRow): RichHead {
  return {
    asOf: row.as_of.getTime(),
    mode: row.mode,
    accounts: row.accounts,
    total: BigInt(row.total),
    tookMs: row.took_ms,
  };
}

function rowOf({ place, account, current, redeemed, place_before: before }: ListRow): RichRow {
  return {
    ...{ place, account, current: BigInt(current), redeemed: BigInt(redeemed) },
    rose: before === null ? undefined : before - place,
  };
}
