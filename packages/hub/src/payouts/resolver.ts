import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { type Payee, payeesWithin, resolution } from './payees.ts';

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

  /** Nodes without an account are left out. Many at once are found the faster in the order of their ids. */
  async at(hubHour: number, nodeIds: readonly string[]): Promise<Map<string, Payout>> {
    const sql = this.#sql;
    const rows = await sql<PayoutRow[]>`with ${resolution(sql, hubHour, nodeIds)}
      select r.*, a.account, exists (select from payout_proofs v
        where v.account_id = a.account_id and v.from_hour <= ${hubHour}) as verified
      from resolved r join payout_accounts a using (account_id)`;
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
