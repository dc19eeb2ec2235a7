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

/** Whether the node's owner chose an account for all nodes. @returns the newest choice's account. */
export async function profileAccount(sql: Sql, owner: string): Promise<string | undefined> {
  const found = (await accountsInUse(sql, owner)).find(({ forAll }) => forAll);
  return found?.account;
}
