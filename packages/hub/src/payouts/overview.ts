import type { Sql } from '#seams/db-adapter/index.ts';

/** An account that a person's nodes are paid to, now or from the next hour on. */
export interface AccountInUse {
  readonly accountId: string;
  readonly account: string;
  /** It pays all nodes that have none of their own. */
  readonly forAll: boolean;
  /** Nodes that are paid to it by a choice of their own. */
  readonly ownNodes: number;
}

/** The accounts that are chosen at last, of all nodes and of single ones. */
export async function accountsInUse(sql: Sql, owner: string): Promise<readonly AccountInUse[]> {
  const rows = await sql<{ account_id: string; account: string; for_all: boolean; own_nodes: number }[]>`
    select a.account_id, a.account, bool_or(c.node_id is null) as for_all, count(n.node_id)::int as own_nodes
    from (select distinct on (node_id) node_id, account_id from payout_choices where owner = ${owner}
        order by node_id, from_hour desc, seq desc) c
      join payout_accounts a using (account_id) left join nodes n on n.node_id = c.node_id and n.owner = ${owner}
    where c.node_id is null or n.node_id is not null
    group by a.account_id, a.account order by for_all desc, a.account_id`;
  return rows.map((row) => ({
    accountId: row.account_id,
    account: row.account,
    forAll: row.for_all,
    ownNodes: row.own_nodes,
  }));
}

/** By its name, or by its id. */
export async function findAccount(
  sql: Sql,
  nameOrId: string,
): Promise<Pick<AccountInUse, 'accountId' | 'account'> | undefined> {
  const [row] = await sql<
    { account_id: string; account: string }[]
  >`select account_id, account from payout_accounts
    where account = ${nameOrId} or account_id = ${nameOrId}`;
  return row && { accountId: row.account_id, account: row.account };
}

/** Nodes with this label, or whose id begins with it. */
export async function nodesNamed(
  sql: Sql,
  name: string,
): Promise<readonly { readonly nodeId: string; readonly label: string; readonly owner: string }[]> {
  const prefix = /^[0-9a-f]{8,64}$/.test(name) ? `${name}%` : null;
  const rows = await sql<
    { node_id: string; label: string; owner: string }[]
  >`select node_id, label, owner from nodes
    where label = ${name} or node_id like ${prefix} order by node_id limit 10`;
  return rows.map((row) => ({ nodeId: row.node_id, label: row.label, owner: row.owner }));
}
