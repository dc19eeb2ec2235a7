import type { Sql } from '#seams/db-adapter/index.ts';

export interface ClosedHour {
  readonly hour: number;
  readonly closedAt: number | undefined;
  readonly nextPassAt: number | undefined;
  readonly passes: number;
  readonly nodes: number;
  readonly events: number;
  readonly revised: number;
  /** Units of 1e-12 points, as all sums here. */
  readonly accrued: bigint;
  readonly pending: bigint;
  readonly matured: bigint;
  readonly fees: bigint;
  readonly tookMs: number;
}

export interface Totals {
  readonly accounts: number;
  readonly pending: bigint;
  readonly current: bigint;
  readonly minting: bigint;
  readonly redeemed: bigint;
}

export interface RefusedHour {
  readonly hour: number;
  readonly nodeId: string;
  readonly label: string | undefined;
  readonly reason: 'late' | 'less';
  readonly amount: bigint;
  readonly seenAt: number;
}

/** What an account's owner has, over all accounts that their nodes are or were paid to. */
export type Holdings = Omit<Totals, 'accounts'>;

/** Sums and states of the ledger, for people. */
export class OverviewStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The newest first. */
  async hours(limit: number): Promise<ClosedHour[]> {
    const rows = await this.#sql<
      {
        hour: number;
        closed_at: Date | null;
        next_pass_at: Date | null;
        passes: number;
        nodes: number;
        events: number;
        revised: number;
        accrued: string;
        pending: string;
        matured: string;
        fees: string;
        took_ms: number;
      }[]
    >`select * from ledger_hours order by hour desc limit ${limit}`;
    return rows.map((row) => ({
      ...{ hour: row.hour, passes: row.passes, nodes: row.nodes, events: row.events, revised: row.revised },
      closedAt: row.closed_at?.getTime(),
      nextPassAt: row.next_pass_at?.getTime(),
      ...{ accrued: BigInt(row.accrued), pending: BigInt(row.pending), matured: BigInt(row.matured) },
      ...{ fees: BigInt(row.fees), tookMs: row.took_ms },
    }));
  }

  async totals(): Promise<Totals> {
    const [row] = await this.#sql<
      { accounts: number; pending: string; current: string; minting: string; redeemed: string }[]
    >`select count(*)::int as accounts, coalesce(sum(current), 0)::text as current, coalesce(sum(minting), 0)::text as minting,
        coalesce(sum(redeemed), 0)::text as redeemed,
        (select coalesce(sum(amount), 0)::text from ledger_pending) as pending
      from ledger_accounts`;
    const { accounts, pending, current, minting, redeemed } = row!;
    return {
      ...{ accounts, pending: BigInt(pending), current: BigInt(current) },
      ...{ minting: BigInt(minting), redeemed: BigInt(redeemed) },
    };
  }

  /** Later words that were not paid, the newest first. @param email of an owner; everybody's unless given. */
  async refused(limit: number, email?: string): Promise<RefusedHour[]> {
    const sql = this.#sql;
    const rows = await sql<
      {
        hour: number;
        node_id: string;
        label: string | null;
        reason: 'late' | 'less';
        amount: string;
        seen_at: Date;
      }[]
    >`select r.hour, r.node_id, n.label, r.reason, r.amount::text as amount, r.seen_at
      from ledger_refusals r left join nodes n using (node_id)
      where ${email === undefined ? sql`true` : sql`r.owner_email = ${email}`} order by r.hour desc, r.node_id limit ${limit}`;
    return rows.map((row) => ({
      ...{ hour: row.hour, nodeId: row.node_id, label: row.label ?? undefined, reason: row.reason },
      ...{ amount: BigInt(row.amount), seenAt: row.seen_at.getTime() },
    }));
  }

  async holdings(email: string): Promise<Holdings> {
    const [row] = await this.#sql<Record<'pending' | 'current' | 'minting' | 'redeemed', string>[]>`
      with own as (select distinct account_id from payout_choices where owner = ${email} and account_id is not null)
      select coalesce(sum(a.current), 0)::text as current, coalesce(sum(a.minting), 0)::text as minting,
        coalesce(sum(a.redeemed), 0)::text as redeemed,
        (select coalesce(sum(p.amount), 0)::text from ledger_pending p join own using (account_id)) as pending
      from ledger_accounts a join own using (account_id)`;
    const { pending, current, minting, redeemed } = row!;
    return {
      ...{ pending: BigInt(pending), current: BigInt(current) },
      ...{ minting: BigInt(minting), redeemed: BigInt(redeemed) },
    };
  }
}
