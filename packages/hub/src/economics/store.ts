import type { Kind, LedgerMode } from '#ledger/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';

/** Of the last refresh. */
export interface EconomicsHead {
  /** Milliseconds since 1970. */
  readonly asOf: number;
  readonly mode: LedgerMode;
  readonly leadersDay: number | undefined;
}

/** Units of 1e-12 points, as everywhere here. */
export interface EmissionCell {
  readonly day: number;
  readonly region: string;
  /** Empty: no node earned it. */
  readonly role: string;
  readonly kind: Kind;
  readonly amount: bigint;
}

export interface SupplyDay {
  readonly day: number;
  readonly pending: bigint;
  readonly current: bigint;
  readonly minting: bigint;
  readonly redeemed: bigint;
  readonly accounts: number;
  readonly top1: bigint;
  readonly top10: bigint;
  readonly top100: bigint;
  /** In millionths. */
  readonly gini: number;
}

export interface Share {
  readonly region: string;
  readonly role: string;
  readonly all: bigint;
  readonly week: bigint;
}

export interface Overview {
  readonly head: EconomicsHead;
  readonly days: readonly { readonly day: number; readonly amount: bigint }[];
  readonly shares: readonly Share[];
  readonly kinds: readonly { readonly kind: Kind; readonly amount: bigint }[];
  readonly supply: readonly SupplyDay[];
}

export interface Leader {
  readonly place: number;
  readonly account: string;
  readonly nodes: number;
  readonly amount: bigint;
  /** Places that it rose since the day before; undefined: it was not among the first. */
  readonly rose: number | undefined;
}

export interface Peers {
  readonly day: number;
  readonly nodes: number;
  /** The 1st to the 99th percentile. */
  readonly thresholds: readonly bigint[];
}

const WEEK_DAYS = 7;

interface SupplyRow {
  day: number;
  pending: string;
  current: string;
  minting: string;
  redeemed: string;
  accounts: number;
  top1: string;
  top10: string;
  top100: string;
  gini: number;
}

/** What is summed of the ledger: read alone, from whatever copy of the database. */
export class EconomicsStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Undefined: nothing is summed yet. */
  async head(): Promise<EconomicsHead | undefined> {
    const [row] = await this.#sql<{ as_of: Date; mode: LedgerMode; leaders_day: number | null }[]>`
      select as_of, mode, leaders_day from economics_head where as_of > to_timestamp(0)`;
    return row && { asOf: row.as_of.getTime(), mode: row.mode, leadersDay: row.leaders_day ?? undefined };
  }

  async overview(): Promise<Overview | undefined> {
    const sql = this.#sql;
    const head = await this.head();
    if (head === undefined) return undefined;
    const today = Math.floor(head.asOf / 86_400_000);
    const [days, shares, kinds, supply] = await Promise.all([
      sql<{ day: number; amount: string }[]>`
        select day, sum(amount)::text as amount from economics_emission group by day order by day`,
      sql<{ region: string; role: string; total: string; week: string }[]>`
        select region, role, sum(amount)::text as total,
          coalesce(sum(amount) filter (where day > ${today - WEEK_DAYS}), 0)::text as week
        from economics_emission group by region, role order by sum(amount) desc, region, role`,
      sql<{ kind: Kind; amount: string }[]>`
        select kind, sum(amount)::text as amount from economics_emission group by kind order by sum(amount) desc, kind`,
      sql<SupplyRow[]>`
        select day, pending::text as pending, current::text as current, minting::text as minting, redeemed::text as redeemed,
          accounts, top1::text as top1, top10::text as top10, top100::text as top100, gini
        from economics_supply order by day`,
    ]);
    return {
      head,
      days: days.map(({ day, amount }) => ({ day, amount: BigInt(amount) })),
      shares: shares.map(({ region, role, total, week }) => ({
        ...{ region, role, all: BigInt(total), week: BigInt(week) },
      })),
      kinds: kinds.map(({ kind, amount }) => ({ kind, amount: BigInt(amount) })),
      supply: supply.map(toSupply),
    };
  }

  /** Day by day from the first of these on, the oldest first. */
  async cells(from: number, limit: number): Promise<EmissionCell[]> {
    const rows = await this.#sql<(Omit<EmissionCell, 'amount'> & { amount: string })[]>`
      select day, region, role, kind, amount::text as amount from economics_emission
      where day >= ${from} and day < ${from + limit} order by day, region, role, kind`;
    return rows.map((row) => ({ ...row, amount: BigInt(row.amount) }));
  }

  async leaders(region: string | undefined): Promise<
    | {
        readonly head: EconomicsHead;
        readonly day: number;
        readonly regions: readonly string[];
        readonly region: string;
        readonly rows: readonly Leader[];
      }
    | undefined
  > {
    const head = await this.head();
    const day = head?.leadersDay;
    if (head === undefined || day === undefined) return undefined;
    const found = await this.#sql<{ region: string }[]>`
      select distinct region from economics_leaders where day = ${day} order by region`;
    const regions = found.map((row) => row.region);
    const chosen = region ?? regions[0];
    if (chosen === undefined || !regions.includes(chosen)) return undefined;
    const rows = await this.#sql<
      { place: number; account: string; nodes: number; amount: string; before: number | null }[]
    >`select l.place, coalesce(a.account, l.account_id) as account, l.nodes, l.amount::text as amount, l.place_before as before
      from economics_leaders l left join payout_accounts a using (account_id)
      where l.day = ${day} and l.region = ${chosen} order by l.place`;
    return {
      ...{ head, day, regions, region: chosen },
      rows: rows.map(({ before, amount, ...row }) => ({
        ...{ ...row, amount: BigInt(amount), rose: before === null ? undefined : before - row.place },
      })),
    };
  }

  /** Of each of these nodes how its like did; nodes of too few peers are left out. */
  async peers(nodeIds: readonly string[]): Promise<Map<string, Peers>> {
    const rows = await this.#sql<{ node_id: string; day: number; nodes: number; thresholds: string[] }[]>`
      select n.node_id, p.day, p.nodes, p.thresholds from nodes n
        join economics_peers p on p.region = n.region and p.hw_type = n.hw_type
      where n.node_id = any(${[...nodeIds]}::text[])`;
    return new Map(
      rows.map(({ node_id, day, nodes, thresholds }) => [
        node_id,
        { day, nodes, thresholds: thresholds.map(BigInt) },
      ]),
    );
  }
}

function toSupply(row: SupplyRow): SupplyDay {
  return {
    ...{ day: row.day, accounts: row.accounts, gini: row.gini },
    ...{ pending: BigInt(row.pending), current: BigInt(row.current), minting: BigInt(row.minting) },
    ...{ redeemed: BigInt(row.redeemed), top1: BigInt(row.top1), top10: BigInt(row.top10) },
    top100: BigInt(row.top100),
  };
}
