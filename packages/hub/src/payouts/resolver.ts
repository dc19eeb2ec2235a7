import type { PendingQuery, Row } from 'postgres';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';

/** Where what a node earns in an hour goes. Ids are 32 hex digits. */
export interface Payout {
  readonly accountId: string;
  readonly account: string;
  /** Of the owner: names no e-mail. */
  readonly ownerId: string;
  /** Somebody proved to hold the key of the account before the hour began; only then it is minted to. */
  readonly verified: boolean;
  readonly tunnel?: {
    readonly accountId: string;
    /** Tenths of a per-mille of the hour's accrual. */
    readonly permille1: number;
  };
}

export interface PayoutChange {
  readonly nodeId: string;
  /** From which hour on the node may resolve otherwise. */
  readonly fromHour: number;
}

interface PayoutRow {
  node_id: string;
  account_id: string;
  account: string;
  owner_id: string;
  verified: boolean;
  tunnel_account: string | null;
  permille1: number | null;
}

type Queries = Sql | TransactionSql;
type Fragment = PendingQuery<Row[]>;

/** Writers of changes wait for each other: then the numbers are committed in their order, and no reader misses one. */
const CHANGES_LOCK = 0x5041_594f;

/**
 * Which account a node is paid to: its own, else its owner's, else none (gate 1). Always by what was chosen before the
 * hour began, so a past hour resolves the same however often it is asked.
 */
export class PayoutResolver {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Nodes without an account are left out. */
  async at(hubHour: number, nodeIds: readonly string[]): Promise<Map<string, Payout>> {
    const sql = this.#sql;
    const rows = await sql<PayoutRow[]>`
      with asked as (select n.node_id, ${ownerSql(sql, hubHour)} as owner from nodes n
        where n.node_id = any(${[...nodeIds]}::text[]))
      select o.node_id, a.account_id, a.account, p.owner_id, ${verifiedSql(sql, hubHour)} as verified,
        ta.account_id as tunnel_account, t.permille1
      from asked o
        join payout_people p on p.email = o.owner
        join payout_accounts a on a.account_id = coalesce(${ownAccountSql(sql, hubHour)}, ${profileSql(sql, sql`o.owner`, hubHour)})
        left join lateral (select t.permille1, t.tunnel_owner from payout_tunnels t
          where t.node_id = o.node_id and t.node_owner = o.owner and t.from_hour <= ${hubHour}
            and (t.until_hour is null or t.until_hour > ${hubHour})
          order by t.from_hour desc limit 1) t on true
        left join payout_accounts ta on ta.account_id = ${profileSql(sql, sql`t.tunnel_owner`, hubHour)}`;
    return new Map(rows.map((row) => [row.node_id, payoutOf(row)]));
  }

  /**
   * What may resolve otherwise since a place in the changes. A change can come twice, and never not at all.
   * @param cursor what the call before returned; undefined: nothing is told but the place, to begin from.
   */
  async changedSince(
    cursor: number | undefined,
  ): Promise<{ readonly cursor: number; readonly changes: readonly PayoutChange[] }> {
    const sql = this.#sql;
    const [last] = await sql<
      { seq: number }[]
    >`select coalesce(max(seq), 0)::float8 as seq from payout_changes`;
    const newest = last?.seq ?? 0;
    if (cursor === undefined || newest <= cursor) return { cursor: newest, changes: [] };
    const rows = await sql<{ node_id: string; from_hour: number }[]>`
      select node_id, min(from_hour) as from_hour from (
        select c.node_id, c.from_hour from payout_changes c
          where c.seq > ${cursor} and c.seq <= ${newest} and c.node_id is not null
        union all select n.node_id, c.from_hour from payout_changes c join nodes n on n.owner = c.owner
          where c.seq > ${cursor} and c.seq <= ${newest}) changed group by node_id`;
    return { cursor: newest, changes: rows.map((row) => ({ nodeId: row.node_id, fromHour: row.from_hour })) };
  }
}

/** To be called last in a transaction: the changes of others wait for its end. */
export async function noteChange(
  tx: Queries,
  changed: { readonly nodeId?: string; readonly owner?: string; readonly fromHour: number },
): Promise<void> {
  await tx`select pg_advisory_xact_lock(${CHANGES_LOCK})`;
  await tx`insert into payout_changes (node_id, owner, from_hour)
    values (${changed.nodeId ?? null}, ${changed.owner ?? null}, ${changed.fromHour})`;
}

/** The owner of n in an hour that may lie back: whom the last change before it names, else who gave it away first after it. */
function ownerSql(sql: Sql, hubHour: number): Fragment {
  return sql`coalesce(
    (select c.to_owner from node_owner_changes c where c.node_id = n.node_id and c.from_hour <= ${hubHour}
      order by c.from_hour desc, c.seq desc limit 1),
    (select c.from_owner from node_owner_changes c where c.node_id = n.node_id order by c.from_hour, c.seq limit 1),
    n.owner)`;
}

/** The node's own account, while who owns it is whom it was chosen for. */
function ownAccountSql(sql: Sql, hubHour: number): Fragment {
  return sql`(select c.account_id from payout_choices c
    where c.node_id = o.node_id and c.owner = o.owner and c.from_hour <= ${hubHour}
    order by c.from_hour desc, c.seq desc limit 1)`;
}

function profileSql(sql: Sql, owner: Fragment, hubHour: number): Fragment {
  return sql`(select c.account_id from payout_choices c
    where c.owner = ${owner} and c.node_id is null and c.from_hour <= ${hubHour}
    order by c.from_hour desc, c.seq desc limit 1)`;
}

function verifiedSql(sql: Sql, hubHour: number): Fragment {
  return sql`exists (select 1 from payout_proofs v where v.account_id = a.account_id and v.from_hour <= ${hubHour})`;
}

function payoutOf(row: PayoutRow): Payout {
  const { tunnel_account: accountId, permille1 } = row;
  return {
    accountId: row.account_id,
    account: row.account,
    ownerId: row.owner_id,
    verified: row.verified,
    ...(accountId !== null && permille1 !== null && { tunnel: { accountId, permille1 } }),
  };
}
