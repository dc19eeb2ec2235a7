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

/** What a person has, over all accounts that the person proved to hold, or that the person's nodes and tunnels are or were paid to. */
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
      from ledger_refusals r left join nodes n on n.node_id = r.node_id and ${email === undefined ? sql`true` : sql`n.owner = ${email}`}
      where ${email === undefined ? sql`true` : sql`r.owner_email = ${email}`} order by r.hour desc, r.node_id limit ${limit}`;
    return rows.map((row) => ({
      ...{ hour: row.hour, nodeId: row.node_id, label: row.label ?? undefined, reason: row.reason },
      ...{ amount: BigInt(row.amount), seenAt: row.seen_at.getTime() },
    }));
  }

  /**
   * Anyone may name any account, and Pending and Minting are published nowhere: without a proof they are told of the person's own
   * nodes alone, and not at all (only who proved is minted to).
   */
  async holdings(email: string): Promise<Holdings> {
    const [row] = await this.#sql<Record<'pending' | 'current' | 'minting' | 'redeemed', string>[]>`
      with mine as (select node_id from nodes where owner = ${email}
        union select node_id from payout_tunnels where tunnel_owner = ${email} and agreed_at is not null),
      own as (select account_id, bool_or(proven) as proven from (
        select account_id, true as proven from payout_proofs where email = ${email}
        union all select c.account_id, false from payout_choices c where c.owner = ${email} and c.account_id is not null
          and exists (select from mine where c.node_id is null or mine.node_id = c.node_id)) named group by account_id)
      select coalesce(sum(a.current), 0)::text as current, coalesce(sum(a.redeemed), 0)::text as redeemed,
        coalesce(sum(a.minting) filter (where own.proven), 0)::text as minting,
        (select coalesce(sum(p.amount), 0)::text from ledger_pending p join own using (account_id)
          where own.proven or p.node_id in (select node_id from mine)) as pending
      from ledger_accounts a join own using (account_id)`;
    const { pending, current, minting, redeemed } = row!;
    return {
      ...{ pending: BigInt(pending), current: BigInt(current) },
      ...{ minting: BigInt(minting), redeemed: BigInt(redeemed) },
    };
  }
}
