import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Written } from './entitlement.ts';
import type { AccountId, Kind } from './event.ts';
import { newestDue } from './passes.ts';
import type { Refusal } from './settlement.ts';
import type { NodeSpan } from './sources.ts';

/** An hour whose turn it is to be read. */
export interface DueHour {
  readonly hour: number;
  /** When it should have been. */
  readonly dueAt: number;
  readonly closed: boolean;
  /** Nodes up to it were done by a pass that did not come to its end. */
  readonly doneUpTo: string | undefined;
}

/** Names a pass: an hour is due for one at a time. */
type PassKey = Pick<DueHour, 'hour' | 'dueAt'>;

/** How far the closing of hours is, and what was written of them. */
export class HourStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Hours that are over become rows; then those whose pass is due, the oldest first, those that were never closed before all. */
  async due(now: number, firstHour: number): Promise<DueHour[]> {
    const at = new Date(now);
    await this.#sql`insert into ledger_hours
        (hour, next_pass_at, passes, nodes, events, accrued, pending, matured, fees, revised, took_ms)
      select hour, ${at}, 0, 0, 0, 0, 0, 0, 0, 0, 0
      from generate_series(greatest(${firstHour}::int, (select max(hour) + 1 from ledger_hours)), ${newestDue(now)}::int) hour
      on conflict do nothing`;
    const rows = await this.#sql<
      { hour: number; next_pass_at: Date; closed_at: Date | null; done_up_to: string | null }[]
    >`select hour, next_pass_at, closed_at, done_up_to from ledger_hours
      where next_pass_at <= ${at} and hour >= ${firstHour} order by closed_at is not null, hour`;
    return rows.map((row) => ({
      hour: row.hour,
      dueAt: row.next_pass_at.getTime(),
      closed: row.closed_at !== null,
      doneUpTo: row.done_up_to ?? undefined,
    }));
  }

  /** Which pass over the hour is under way; it comes to no end before the transaction does. */
  async pass(tx: TransactionSql, hour: number): Promise<number> {
    const [row] = await tx<{ passes: number }[]>`
      select passes from ledger_hours where hour = ${hour} for update`;
    return row!.passes;
  }

  /** What stands of these nodes' hour, by node. */
  async written(
    tx: TransactionSql,
    hour: number,
    { first, last }: NodeSpan,
  ): Promise<Map<string, Written[]>> {
    const rows = await tx<
      { node_id: string; kind: Kind; account_id: string; amount: string; revision: number }[]
    >`select node_id, kind, account_id, sum(amount)::text as amount, max(revision) as revision from stoicism_events
      where hour = ${hour} and node_id between ${first} and ${last} group by 1, 2, 3`;
    const found = new Map<string, Written[]>();
    for (const { node_id: nodeId, kind, account_id: account, amount, revision } of rows) {
      const one = { kind, accountId: account, amount: BigInt(amount), revision };
      const held = found.get(nodeId);
      if (held === undefined) found.set(nodeId, [one]);
      else held.push(one);
    }
    return found;
  }

  /**
   * What waits of these nodes from hours up to this one. An hour that is read again says nothing of a warm-up that began after
   * it; what can't be told from that waits for its end too. Looked up by hour and node (`offset 0` keeps it so): joined, the whole
   * month was read for each span.
   */
  async pending(
    tx: TransactionSql,
    hour: number,
    { first, last }: NodeSpan,
  ): Promise<{ nodeId: string; accountId: AccountId; amount: bigint }[]> {
    const rows = await tx<{ node_id: string; account_id: string; amount: string }[]>`
      select h.node_id, h.account_id, greatest(h.amount - later.amount, 0)::text as amount
      from ledger_pending h cross join lateral (
        select coalesce(sum(e.amount), 0) as amount
        from generate_series(${hour + 1}::int, (select max(hour) from ledger_hours)) at cross join lateral (
          select amount from stoicism_events
          where hour = at and node_id = h.node_id and account_id = h.account_id and kind in ('pending', 'pending-fee')
          offset 0) e) later
      where h.node_id between ${first} and ${last} order by h.node_id, h.account_id`;
    return rows.map(({ node_id: nodeId, account_id: account, amount }) => ({
      ...{ nodeId, accountId: account, amount: BigInt(amount) },
    }));
  }

  /** Which of these nodes are. */
  async simulated(tx: TransactionSql, { first, last }: NodeSpan): Promise<Set<string>> {
    const rows = await tx<{ node_id: string }[]>`
      select node_id from nodes where simulated and node_id between ${first} and ${last}`;
    return new Set(rows.map(({ node_id: nodeId }) => nodeId));
  }

  /** The newest word about a node's hour stands. */
  async refuse(tx: TransactionSql, hour: number, refusals: readonly Refusal[], now: number): Promise<void> {
    if (refusals.length === 0) return;
    await tx`insert into ledger_refusals (hour, node_id, reason, amount, owner_email, seen_at)
      select ${hour}, d.node_id, d.reason, d.amount, p.email, ${new Date(now)} from unnest(${refusals.map(({ nodeId }) => nodeId)}::text[],
        ${refusals.map(({ reason }) => reason)}::text[], ${refusals.map(({ amount }) => String(amount))}::text[]::numeric[],
        ${refusals.map(({ ownerId }) => ownerId ?? null)}::text[]) d (node_id, reason, amount, owner_id)
        left join payout_people p using (owner_id)
      on conflict (hour, node_id) do update set reason = excluded.reason, amount = excluded.amount,
        owner_email = excluded.owner_email, seen_at = excluded.seen_at`;
  }

  /** Of this pass: a slower one that others ended must not leave its place to the next. */
  async progress(tx: TransactionSql, { hour, dueAt }: PassKey, upTo: string): Promise<void> {
    await tx`update ledger_hours set done_up_to = ${upTo} where hour = ${hour} and next_pass_at = ${new Date(dueAt)}`;
  }

  /**
   * A pass came to its end: the hour's sums are made of its events, whoever wrote them. Not if the hour was due for another one
   * meanwhile, or by a reset for none.
   */
  async finish(
    { hour, dueAt }: PassKey,
    by: { now: number; tookMs: number; nextPassAt: number | undefined },
  ): Promise<void> {
    await this.#sql`update ledger_hours h
      set closed_at = coalesce(closed_at, ${new Date(by.now)}), passes = passes + 1, done_up_to = null, took_ms = ${by.tookMs},
        next_pass_at = ${by.nextPassAt === undefined ? null : new Date(by.nextPassAt)}, nodes = s.nodes, events = s.events,
        accrued = s.accrued, pending = s.pending, matured = s.matured, fees = s.fees, revised = s.revised
      from (select count(*)::int as events, count(distinct node_id)::int as nodes,
          coalesce(sum(amount) filter (where kind = 'accrual'), 0) as accrued,
          coalesce(sum(amount) filter (where kind in ('pending', 'pending-fee')), 0) as pending,
          coalesce(sum(amount) filter (where kind = 'matured'), 0) as matured,
          coalesce(sum(amount) filter (where kind = 'fee'), 0) as fees,
          (count(*) filter (where revision > 0))::int as revised
        from stoicism_events where hour = ${hour} and node_id <> '') s
      where h.hour = ${hour} and h.next_pass_at = ${new Date(dueAt)}`;
  }
}
