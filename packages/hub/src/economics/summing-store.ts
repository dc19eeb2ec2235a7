import { type LedgerMode, SOURCES } from '#ledger/index.ts';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';

/** The ledger's end as a refresh found it. */
export interface LedgerEnd {
  readonly sequence: number;
  readonly mode: LedgerMode;
  readonly firstHour: number;
  /** Balances are sums of what came after it. */
  readonly resetSequence: number;
}

/** Events in a statement: a first summing of a large ledger is many, and holds no lock for long. */
const EVENTS = 500_000;
const TIMEOUT_MS = 120_000;
const DAY_HOURS = 24;
/** So few are no peers, and their numbers would tell of one of them. */
const LEAST_PEERS = 5;
const LEADERS = 100;
const LEADER_DAYS = 35;
/** What nodes earn by their minutes, without what goes to tunnels. */
const OWN_MINUTES = ['accrual', 'pending'];
const EARNED = SOURCES.filter((kind) => kind !== 'adjustment');

/** Writes the sums that pages read. Each event is added once, whoever runs it and wherever it is cut off. */
export class SummingStore {
  readonly #sql: Sql;
  readonly #region: string;

  /** @param by.region where what no node earned is counted. */
  constructor(by: { sql: Sql; region: string }) {
    this.#sql = by.sql;
    this.#region = by.region;
  }

  async asOf(): Promise<number | undefined> {
    const [row] = await this.#sql<{ as_of: Date }[]>`select as_of from economics_head`;
    return row?.as_of.getTime();
  }

  async ledgerEnd(): Promise<LedgerEnd | undefined> {
    const [row] = await this.#sql<
      { sequence: bigint; mode: LedgerMode; first_hour: number; reset_sequence: bigint }[]
    >`select sequence, mode, first_hour, reset_sequence from ledger_head`;
    return (
      row && {
        ...{ sequence: Number(row.sequence), mode: row.mode },
        ...{ firstHour: row.first_hour, resetSequence: Number(row.reset_sequence) },
      }
    );
  }

  /** Adds events up to the end; those of before a reset are gone with it. */
  async emission(end: LedgerEnd): Promise<void> {
    await this.#sql`insert into economics_head (id, sequence, as_of, mode, took_ms)
      values (1, 0, to_timestamp(0), ${end.mode}, 0) on conflict do nothing`;
    let summed = -1;
    while (summed < end.sequence) summed = await this.#begin((tx) => this.#add(tx, end));
  }

  /** @returns up to which event the sums are now. */
  async #add(tx: TransactionSql, end: LedgerEnd): Promise<number> {
    const [head] = await tx<{ sequence: bigint }[]>`select sequence from economics_head for update`;
    const before = Number(head!.sequence);
    if (before < end.resetSequence) await tx`delete from economics_emission`;
    const from = Math.max(before, end.resetSequence);
    const until = Math.min(from + EVENTS, end.sequence);
    await tx`insert into economics_emission as s (day, region, role, kind, amount)
      select e.hour / ${DAY_HOURS}, coalesce(n.region, ${this.#region}), coalesce(n.role, ''), e.kind, sum(e.amount)
      from stoicism_events e left join nodes n on n.node_id = e.node_id
      where e.sequence > ${from} and e.sequence <= ${until} and e.kind = any(${[...SOURCES]}::text[])
      group by 1, 2, 3, 4
      on conflict (day, region, role, kind) do update set amount = s.amount + excluded.amount`;
    await tx`update economics_head set sequence = ${Math.max(before, until)}`;
    return Math.max(before, until);
  }

  /** Balances as they stand, and how they are spread. */
  async supply(day: number, now: number): Promise<void> {
    await this.#begin(
      (tx) => tx`with balances as materialized (
          select current + minting + redeemed as held from ledger_accounts where current + minting + redeemed > 0),
        ranked as (select held, row_number() over (order by held) as rank from balances),
        whole as (select count(*)::numeric as count, coalesce(sum(held), 0) as sum from balances),
        spread as (select coalesce(sum(held * rank), 0) as weighted,
            coalesce(sum(held) filter (where rank > count - 1), 0) as top1,
            coalesce(sum(held) filter (where rank > count - 10), 0) as top10,
            coalesce(sum(held) filter (where rank > count - 100), 0) as top100
          from ranked cross join whole)
      insert into economics_supply
        (day, as_of, pending, current, minting, redeemed, accounts, top1, top10, top100, gini)
      select ${day}, ${new Date(now)}, (select coalesce(sum(amount), 0) from ledger_pending), b.current, b.minting, b.redeemed,
        w.count, s.top1, s.top10, s.top100,
        case when w.sum > 0 then round((2 * s.weighted / (w.count * w.sum) - (w.count + 1) / w.count) * 1000000) else 0 end
      from whole w cross join spread s cross join (select coalesce(sum(current), 0) as current,
        coalesce(sum(minting), 0) as minting, coalesce(sum(redeemed), 0) as redeemed from ledger_accounts) b
      on conflict (day) do update set as_of = excluded.as_of, pending = excluded.pending, current = excluded.current,
        minting = excluded.minting, redeemed = excluded.redeemed, accounts = excluded.accounts, top1 = excluded.top1,
        top10 = excluded.top10, top100 = excluded.top100, gini = excluded.gini`,
    );
  }

  /** How nodes' points of a day are spread so far. */
  async peers(day: number, firstHour: number): Promise<void> {
    const shares = Array.from({ length: 99 }, (_, i) => (i + 1) / 100);
    await this.#begin(async (tx) => {
      await tx`delete from economics_peers`;
      await tx`with earned as (select node_id, sum(amount) as amount from stoicism_events
          where hour = any(${hoursOf(day, firstHour)}::int[]) and kind = any(${OWN_MINUTES}::text[]) group by node_id)
        insert into economics_peers (region, hw_type, day, nodes, thresholds)
        select n.region, n.hw_type, ${day}, count(*),
          to_jsonb(percentile_disc(${shares}::float8[]) within group (order by e.amount)::text[])
        from earned e join nodes n using (node_id) where e.amount > 0
        group by n.region, n.hw_type having count(*) >= ${LEAST_PEERS}`;
    });
  }

  /** Who earned most in each region on a day, all hours of which are closed. @returns whether they are. */
  async leaders(day: number, firstHour: number): Promise<boolean> {
    const hours = hoursOf(day, firstHour);
    return this.#begin(async (tx) => {
      const [open] = await tx<{ closed: number }[]>`select count(*)::int as closed from ledger_hours
        where hour = any(${hours}::int[]) and closed_at is not null`;
      if (hours.length === 0 || open!.closed < hours.length) return false;
      await tx`delete from economics_leaders where day = ${day} or day < ${day - LEADER_DAYS}`;
      await tx`with earned as (select coalesce(n.region, ${this.#region}) as region, e.account_id,
            count(distinct nullif(e.node_id, '')) as nodes, sum(e.amount) as amount
          from stoicism_events e left join nodes n on n.node_id = e.node_id
          where e.hour = any(${hours}::int[]) and e.kind = any(${[...EARNED]}::text[]) group by 1, 2),
        placed as (select *, row_number() over (partition by region order by amount desc, account_id) as place
          from earned where amount > 0)
      insert into economics_leaders (day, region, place, account_id, nodes, amount, place_before)
      select ${day}, p.region, p.place, p.account_id, p.nodes, p.amount, b.place
      from placed p left join economics_leaders b
        on b.day = ${day - 1} and b.account_id = p.account_id and b.region = p.region
      where p.place <= ${LEADERS}`;
      await tx`update economics_head set leaders_day = ${day}`;
      return true;
    });
  }

  async leadersDay(): Promise<number | undefined> {
    const [row] = await this.#sql<{ day: number | null }[]>`select leaders_day as day from economics_head`;
    return row?.day ?? undefined;
  }

  /** The sums are those of this moment. */
  async finish(by: { now: number; mode: LedgerMode; tookMs: number }): Promise<void> {
    await this.#sql`update economics_head
      set as_of = ${new Date(by.now)}, mode = ${by.mode}, took_ms = ${by.tookMs}`;
  }

  async #begin<T>(work: (tx: TransactionSql) => Promise<T>): Promise<T> {
    return (await this.#sql.begin(async (tx) => {
      await tx.unsafe(`set local statement_timeout = ${TIMEOUT_MS}`);
      await tx.unsafe(`set local work_mem = '64MB'`);
      return work(tx);
    })) as T;
  }
}

/** Of a day, those that the ledger counts. */
function hoursOf(day: number, firstHour: number): number[] {
  return Array.from({ length: DAY_HOURS }, (_, i) => day * DAY_HOURS + i).filter((hour) => hour >= firstHour);
}
