import { z } from 'zod';
import type { Sql } from '#seams/db-adapter/index.ts';

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

interface Row {
  place: number;
  account: string;
  current: string;
  redeemed: string;
  place_before: number | null;
}

interface HeadRow {
  side: number;
  as_of: Date;
  mode: 'shadow' | 'live';
  accounts: number;
  total: string;
  took_ms: number;
}

/** Rows of the page that stands in the head itself. */
export const FIRST_PAGE = 100;
/** A list that takes so long is as good as none. */
const TIMEOUT_MS = 60_000;

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
    await this.#sql.begin('isolation level repeatable read', async (tx) => {
      await tx.unsafe(`set local statement_timeout = ${TIMEOUT_MS}`);
      // The sort of half a million is done in memory.
      await tx.unsafe(`set local work_mem = '128MB'`);
      const [head] = await tx<{ side: number }[]>`select side from rich_list_head`;
      const old = head?.side ?? 1;
      const side = 1 - old;
      await tx`delete from rich_list where side = ${side}`;
      await tx`insert into rich_list (side, place, account_id, current, redeemed, place_before)
        select ${side}, a.place, a.account_id, a.current, a.redeemed, b.place from (
          select account_id, current + minting as current, redeemed,
            row_number() over (order by current + minting + redeemed desc, account_id) as place
          from ledger_accounts where current + minting + redeemed > 0) a
        left join rich_list b on b.account_id = a.account_id and b.side = ${old} order by a.place`;
      await tx`insert into rich_list_head (id, side, as_of, sequence, mode, accounts, total, took_ms, top)
        select 1, ${side}, ${new Date(now)}, coalesce((select sequence from ledger_head), 0),
          coalesce((select mode from ledger_head), 'shadow'), count(*), coalesce(sum(current + redeemed), 0), 0,
          (select coalesce(jsonb_agg(jsonb_build_object('place', t.place, 'account', t.account,
              'current', t.current::text, 'redeemed', t.redeemed::text, 'place_before', t.place_before)
              order by t.place), '[]')
            from (select l.*, coalesce(p.account, l.account_id) as account from rich_list l
              left join payout_accounts p using (account_id) where l.side = ${side} and l.place <= ${FIRST_PAGE}) t)
        from rich_list where side = ${side}
        on conflict (id) do update set side = excluded.side, as_of = excluded.as_of, sequence = excluded.sequence,
          mode = excluded.mode, accounts = excluded.accounts, total = excluded.total, top = excluded.top`;
      await tx`update rich_list_head set took_ms = ${elapsed()}`;
    });
  }

  /** Head and rows are those of one list, whatever is put in force meanwhile. */
  async #page(which: ReturnType<Sql>): Promise<RichPage | undefined> {
    const sql = this.#sql;
    const rows = await sql<(HeadRow & { [K in keyof Row]: Row[K] | null })[]>`
      select h.side, h.as_of, h.mode, h.accounts, h.total::text as total, h.took_ms, r.* from rich_list_head h
      left join lateral (select l.place, coalesce(p.account, l.account_id) as account, l.current::text as current,
          l.redeemed::text as redeemed, l.place_before
        from rich_list l left join payout_accounts p using (account_id)
        where l.side = h.side and ${which}) r on true order by r.place`;
    const [head] = rows;
    if (head === undefined) return undefined;
    const found = rows.flatMap((row) => (row.place === null ? [] : [rowOf(row as HeadRow & Row)]));
    return { head: headOf(head), rows: found };
  }
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

function rowOf({ place, account, current, redeemed, place_before: before }: Row): RichRow {
  return {
    ...{ place, account, current: BigInt(current), redeemed: BigInt(redeemed) },
    rose: before === null ? undefined : before - place,
  };
}
