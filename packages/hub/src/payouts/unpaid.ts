import type { PendingQuery, Row } from 'postgres';
import type { NodeAccess } from '#accounts/index.ts';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { RefreshedByKey } from '../refreshed-by-key.ts';
import type { Task } from '../ticker.ts';
import { type Audience, EVERYTHING } from '../viewer.ts';

type Queries = Sql | TransactionSql;

/** Written in one statement. */
const BATCH = 2_000;

/** A condition over the alias n (nodes): no account is chosen for it, not even for the next hour. */
export function payoutMissing(sql: Queries): PendingQuery<Row[]> {
  return sql`coalesce(
    (select c.account_id from payout_choices c where c.node_id = n.node_id and c.owner = n.owner
      order by c.from_hour desc, c.seq desc limit 1),
    (select c.account_id from payout_choices c where c.owner = n.owner and c.node_id is null
      order by c.from_hour desc, c.seq desc limit 1)) is null`;
}

/** Corrects `listed_unpaid` of an owner's nodes, or of these, in one with what changed it. */
export async function markUnpaid(
  tx: TransactionSql,
  which: { readonly owner: string; readonly nodeId?: string } | { readonly nodeIds: readonly string[] },
): Promise<void> {
  const these =
    'nodeIds' in which
      ? tx`n.node_id = any(${[...which.nodeIds]}::text[])`
      : tx`n.owner = ${which.owner} and ${which.nodeId === undefined ? tx`true` : tx`n.node_id = ${which.nodeId}`}`;
  const unpaid = tx`(n.retired_at is null and ${payoutMissing(tx)})`;
  await tx`update nodes n set listed_unpaid = ${unpaid} where ${these} and n.listed_unpaid <> ${unpaid}`;
}

/**
 * Keeps `listed_unpaid` near the truth for nodes that joined, were retired or changed hands otherwise: what warns of a node
 * that earns nothing must not be missed because somebody forgot to mark it. Two hubs at it do no harm.
 */
export class UnpaidMarks implements Task {
  readonly name = 'unpaid-marks';
  readonly periodMs = 300_000;
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async tick(): Promise<void> {
    const sql = this.#sql;
    // By sets: a look-up for each of many nodes would be the slower by far.
    const moved = await sql<{ node_id: string; unpaid: boolean }[]>`
      with chosen as (select distinct on (owner, node_id) owner, node_id, account_id from payout_choices
        order by owner, node_id, from_hour desc, seq desc)
      select n.node_id, w.unpaid from nodes n
        left join chosen own on own.node_id = n.node_id and own.owner = n.owner
        left join chosen all_of on all_of.owner = n.owner and all_of.node_id is null
        cross join lateral (select n.retired_at is null and coalesce(own.account_id, all_of.account_id) is null as unpaid) w
      where n.listed_unpaid <> w.unpaid order by n.node_id`;
    for (const [unpaid, rows] of Map.groupBy(moved, (row) => row.unpaid))
      for (let i = 0; i < rows.length; i += BATCH) {
        const ids = rows.slice(i, i + BATCH).map((row) => row.node_id);
        await sql`update nodes set listed_unpaid = ${unpaid} where node_id = any(${ids}::text[])`;
      }
  }
}

interface CountDeps {
  readonly sql: Sql;
  readonly access: Pick<NodeAccess, 'visibleTo'>;
}

/** How many nodes of an audience earn nothing for want of an account. */
export async function countUnpaid({ sql, access }: CountDeps, audience: Audience): Promise<number> {
  const visible = audience === EVERYTHING ? sql`true` : access.visibleTo(audience);
  const [row] = await sql<{ count: number }[]>`select count(*)::int as count from nodes n
    where n.listed_unpaid and ${visible}`;
  return row?.count ?? 0;
}

/** The same, counted once for all who see the same. */
export function createUnpaidCount(by: CountDeps & { clock: Pick<Clock, 'now'> }): RefreshedByKey<number> {
  return new RefreshedByKey({ clock: by.clock, load: (audience) => countUnpaid(by, audience) });
}
