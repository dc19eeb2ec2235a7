import { PackedRows, packed, type Sql } from '#seams/db-adapter/index.ts';

/** To whom a node's hour is due: of `Payout` what a ledger needs. */
export interface Payee {
  readonly accountId: string;
  readonly ownerId: string;
  readonly tunnel?: { readonly accountId: string; readonly ownerId: string; readonly permille1: number };
}

interface Packed {
  readonly rows: Uint8Array | null;
}

/** Nodes here and there, or all of a span, both ends with it. */
export type Asked = readonly string[] | { readonly first: string; readonly last: string };

/**
 * Which account each node is paid to, as a query `resolved` and those that it is made of, to stand behind `with`: one row a node
 * that has an owner, of whom nothing may be chosen. What few nodes have (an owner before, an account of their own, a tunnel) is
 * read apart, so that a fleet of two hundred thousand costs one join of nodes and owners; of an owner one row is read, however
 * many there are.
 */
export function resolution(sql: Sql, hubHour: number, asked: Asked) {
  const here =
    'first' in asked
      ? sql`node_id between ${asked.first} and ${asked.last}`
      : sql`node_id = any(${[...asked]}::text[])`;
  return sql`
    changes as materialized (select * from node_owner_changes where ${here}),
    asked as materialized (select n.node_id, coalesce(l.to_owner, f.from_owner, n.owner) as owner
      from (select node_id, owner from nodes where ${here}) n
        left join (select distinct on (node_id) node_id, to_owner from changes where from_hour <= ${hubHour}
          order by node_id, from_hour desc, seq desc) l using (node_id)
        left join (select distinct on (node_id) node_id, from_owner from changes
          order by node_id, from_hour, seq) f using (node_id)),
    own as materialized (select distinct on (node_id, owner) node_id, owner, account_id
      from payout_choices where node_id is not null and ${here} and from_hour <= ${hubHour}
      order by node_id, owner, from_hour desc, seq desc),
    tunnel as materialized (select distinct on (node_id, node_owner) node_id, node_owner as owner, tunnel_owner, permille1
      from payout_tunnels
      where ${here} and from_hour <= ${hubHour} and (until_hour is null or until_hour > ${hubHour})
      order by node_id, node_owner, from_hour desc),
    people as materialized (select owner from asked union select tunnel_owner from tunnel),
    profile as materialized (select people.owner, p.owner_id, c.account_id
      from people
        cross join lateral (select owner_id from payout_people where email = people.owner limit 1) p
        left join lateral (select account_id from payout_choices c
          where c.owner = people.owner and c.node_id is null and c.from_hour <= ${hubHour}
          order by c.from_hour desc, c.seq desc limit 1) c on true),
    resolved as (select node_id, coalesce(own.account_id, mine.account_id) as account_id, mine.owner_id,
        lender.account_id as tunnel_account, lender.owner_id as tunnel_owner_id, tunnel.permille1
      from asked join profile mine using (owner)
        left join own using (node_id, owner)
        left join tunnel using (node_id, owner)
        left join profile lender on lender.owner = tunnel.tunnel_owner)`;
}

interface Packed {
  readonly rows: Uint8Array | null;
}

/** What the ledger asks: without what is of no account. */
export async function payeesWithin(
  sql: Sql,
  hubHour: number,
  span: { readonly first: string; readonly last: string },
): Promise<ReadonlyMap<string, Payee>> {
  const { ascii, int4 } = packed;
  const fields = ['node_id', 'account_id', 'owner_id', 'tunnel_account', 'tunnel_owner_id'];
  const [row] = await sql<Packed[]>`with ${resolution(sql, hubHour, span)}
    select string_agg(${fields.map((field) => ascii(sql, field)).reduce((all, one) => sql`${all} || ${one}`)}
      || ${int4(sql, 'permille1')}, ''::bytea) as rows
    from (select node_id, account_id, owner_id, coalesce(tunnel_account, '') as tunnel_account,
        coalesce(tunnel_owner_id, '') as tunnel_owner_id, coalesce(permille1, 0) as permille1
      from resolved where account_id is not null) r`;
  const found = new Map<string, Payee>();
  for (const rows = new PackedRows(row!.rows); rows.more; ) {
    const [nodeId, accountId, ownerId] = [rows.ascii(), rows.ascii(), rows.ascii()];
    const tunnel = { accountId: rows.ascii(), ownerId: rows.ascii(), permille1: rows.int4() };
    found.set(nodeId, { accountId, ownerId, ...(tunnel.accountId !== '' && { tunnel }) });
  }
  return found;
}
