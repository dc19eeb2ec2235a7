import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { type Payee, payeesWithin } from './payees.ts';

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
    /** Of who lends the way in. */
    readonly ownerId: string;
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
  tunnel_owner_id: string | null;
  permille1: number | null;
}

type Queries = Sql | TransactionSql;

/** Writers of changes wait for each other: then the numbers are committed in their order, and no reader misses one. */
const CHANGES_LOCK = 0x5041_594f;

/**
 * Which account a node is paid to: its own, while who owns it is whom it was chosen for; else its owner's; else none (gate 1).
 * Always by what was chosen before the hour began, and by who owned it then, so a past hour resolves the same however often
 * it is asked. The owner of an hour is whom the last change before it names, else who gave the node away first after it.
 */
export class PayoutResolver {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Nodes without an account are left out. */
  async at(hubHour: number, nodeIds: readonly string[]): Promise<Map<string, Payout>> {
    const sql = this.#sql;
    // By sets, each read once: a look-up for each node cost half as much again, and the ledger asks for 200,000 an hour.
    const rows = await sql<PayoutRow[]>`
      with ids as materialized (select unnest(${[...nodeIds]}::text[]) as node_id),
      changes as materialized (select c.* from node_owner_changes c join ids using (node_id)),
      asked as materialized (select n.node_id, coalesce(l.to_owner, f.from_owner, n.owner) as owner
        from ids join nodes n using (node_id)
          left join (select distinct on (node_id) node_id, to_owner from changes where from_hour <= ${hubHour}
            order by node_id, from_hour desc, seq desc) l using (node_id)
          left join (select distinct on (node_id) node_id, from_owner from changes
            order by node_id, from_hour, seq) f using (node_id)),
      own as (select distinct on (c.node_id, c.owner) c.node_id, c.owner, c.account_id
        from payout_choices c join ids using (node_id) where c.from_hour <= ${hubHour}
        order by c.node_id, c.owner, c.from_hour desc, c.seq desc),
      tunnel as materialized (select distinct on (t.node_id, t.node_owner) t.node_id, t.node_owner, t.tunnel_owner, t.permille1
        from payout_tunnels t join ids using (node_id)
        where t.from_hour <= ${hubHour} and (t.until_hour is null or t.until_hour > ${hubHour})
        order by t.node_id, t.node_owner, t.from_hour desc),
      people as (select owner from asked union select tunnel_owner from tunnel),
      profile as materialized (select distinct on (c.owner) c.owner, c.account_id
        from payout_choices c join people using (owner) where c.node_id is null and c.from_hour <= ${hubHour}
        order by c.owner, c.from_hour desc, c.seq desc)
      select o.node_id, a.account_id, a.account, p.owner_id, t.permille1, tp.account_id as tunnel_account, tq.owner_id as tunnel_owner_id,
        exists (select 1 from payout_proofs v where v.account_id = a.account_id and v.from_hour <= ${hubHour}) as verified
      from asked o
        join payout_people p on p.email = o.owner
        left join own on own.node_id = o.node_id and own.owner = o.owner
        left join profile mine on mine.owner = o.owner
        join payout_accounts a on a.account_id = coalesce(own.account_id, mine.account_id)
        left join tunnel t on t.node_id = o.node_id and t.node_owner = o.owner
        left join profile tp on tp.owner = t.tunnel_owner
        left join payout_people tq on tq.email = t.tunnel_owner`;
    return new Map(rows.map((row) => [row.node_id, payoutOf(row)]));
  }

  /** As `at`, of all nodes whose ids lie in a span, both ends with it: what an hour is closed by. */
  within(
    hubHour: number,
    span: { readonly first: string; readonly last: string },
  ): Promise<ReadonlyMap<string, Payee>> {
    return payeesWithin(this.#sql, hubHour, span);
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

/** To be called late in a transaction, and before the act is put on record: the changes of others wait for its end. */
export async function noteChange(
  tx: Queries,
  changed: { readonly nodeId?: string; readonly owner?: string; readonly fromHour: number },
): Promise<void> {
  await tx`select pg_advisory_xact_lock(${CHANGES_LOCK})`;
  await tx`insert into payout_changes (node_id, owner, from_hour)
    values (${changed.nodeId ?? null}, ${changed.owner ?? null}, ${changed.fromHour})`;
}

function payoutOf(row: PayoutRow): Payout {
  const { tunnel_account: accountId, tunnel_owner_id: ownerId, permille1 } = row;
  return {
    accountId: row.account_id,
    account: row.account,
    ownerId: row.owner_id,
    verified: row.verified,
    ...(accountId !== null &&
      ownerId !== null &&
      permille1 !== null && { tunnel: { accountId, ownerId, permille1 } }),
  };
}
