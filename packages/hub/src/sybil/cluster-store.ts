import type { PendingQuery, Row as SqlRow } from 'postgres';
import type { Sql } from '#seams/db-adapter/index.ts';

export const CLUSTERINGS = ['address', 'network', 'owner'] as const;
export type Clustering = (typeof CLUSTERINGS)[number];

export interface ClusterNode {
  readonly nodeId: string;
  readonly label: string;
  readonly owner: string;
  /** Whole 1e-6; 0: no score. */
  readonly micro: number;
  /** Units of 1e-12 points that the node earned in the hour, fees and what waits included. */
  readonly earned: bigint;
}

export interface Cluster {
  /** An address, a network (/24, /48) or an owner's e-mail. */
  readonly name: string;
  readonly nodes: number;
  readonly owners: number;
  readonly micro: bigint;
  readonly earned: bigint;
  /** The first of them by what they earned. */
  readonly members: readonly ClusterNode[];
}

export interface ClusterPage {
  /** Last hour that is closed, by which earnings are told; undefined: none is. */
  readonly hour: number | undefined;
  /** What all nodes earned in it. */
  readonly earned: bigint;
  readonly clusters: readonly Cluster[];
  readonly more: boolean;
}

export interface ClusterQuery {
  readonly from: number;
  readonly limit: number;
  /** What makes a cluster: so many nodes, or more than so many percent of what is earned. Two nodes, unless given. */
  readonly least?: { readonly nodes?: number | undefined; readonly percent?: number | undefined } | undefined;
}

/** Of a cluster that are told one by one. */
export const MOST_MEMBERS = 50;

interface Row {
  name: string;
  nodes: number;
  owners: number;
  micro: string;
  earned: string;
  members: readonly { nodeId: string; label: string; owner: string; micro: number; earned: string }[];
}

/** Nodes by where they connect from and whose they are. Reads what other features keep, and writes nothing. */
export class ClusterStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The largest first. */
  async page(by: Clustering, { from, limit, least }: ClusterQuery): Promise<ClusterPage> {
    const sql = this.#sql;
    const hour = await this.#closedHour();
    const all = await this.#sum(hour);
    const percent = least?.percent ?? 100;
    // First the names, then what is costly to know, of their nodes alone.
    const rows = await sql<Row[]>`
      with named as materialized (
        select n.node_id, n.label, n.owner, ${this.#nameOf(by)} as name
        from nodes n left join sessions s using (node_id) where n.retired_at is null and n.refused_at is null
      ),
      earned as materialized (${this.#earned(hour)}),
      rich as (
        select name from named join earned using (node_id)
        where ${percent < 100} group by name having sum(earned) * 100 > ${String(all)}::numeric * ${String(percent)}::numeric
      ),
      clusters as materialized (
        select name, count(*)::int as nodes from named where name is not null group by name
        having count(*) >= ${least?.nodes ?? 2} or name in (select name from rich)
        order by count(*) desc, name limit ${limit + 1} offset ${from}
      ),
      fleet as materialized (
        select m.*, coalesce(c.micro, 0) as micro, coalesce(e.earned, 0) as earned,
          row_number() over (partition by m.name order by e.earned desc nulls last, m.node_id) as place
        from clusters join named m using (name) left join earned e using (node_id)
        left join lateral (select micro from scores where node_id = m.node_id order by version desc limit 1) c on true
      )
      select name, count(*)::int as nodes, count(distinct owner)::int as owners, sum(micro)::text as micro,
        sum(earned)::text as earned,
        json_agg(json_build_object('nodeId', node_id, 'label', label, 'owner', owner, 'micro', micro,
          'earned', earned::text) order by place) filter (where place <= ${MOST_MEMBERS}) as members
      from fleet group by name order by nodes desc, name`;
    const clusters = rows.slice(0, limit).map(clusterOf);
    return { hour, earned: all, clusters, more: rows.length > limit };
  }

  async #closedHour(): Promise<number | undefined> {
    const [row] = await this.#sql<{ hour: number | null }[]>`
      select max(hour) as hour from ledger_hours where closed_at is not null`;
    return row?.hour ?? undefined;
  }

  async #sum(hour: number | undefined): Promise<bigint> {
    const [row] = await this.#sql<{ sum: string | null }[]>`
      select sum(amount)::text as sum from stoicism_events where ${this.#earning(hour)}`;
    return BigInt(row?.sum ?? 0);
  }

  #earned(hour: number | undefined): PendingQuery<SqlRow[]> {
    return this.#sql`select node_id, sum(amount) as earned from stoicism_events
      where ${this.#earning(hour)} group by node_id`;
  }

  #earning(hour: number | undefined): PendingQuery<SqlRow[]> {
    return this
      .#sql`hour = ${hour ?? -1} and node_id <> '' and kind in ('accrual', 'fee', 'pending', 'pending-fee')`;
  }

  /** Of the last session. What is no address has no place. */
  #nameOf(by: Clustering): PendingQuery<SqlRow[]> {
    const sql = this.#sql;
    if (by === 'owner') return sql`n.owner`;
    const plain = sql`regexp_replace(split_part(s.address, '%', 1), '^::ffff:(?=[0-9]+[.])', '')`;
    const isAddress = sql`(${plain} ~ '^([0-9]{1,3}[.]){3}[0-9]{1,3}$' or ${plain} ~ '^[0-9a-fA-F:]*:[0-9a-fA-F:.]*$')`;
    if (by === 'address') return sql`case when ${isAddress} then ${plain} end`;
    return sql`case when ${isAddress} then network(set_masklen((${plain})::inet,
      case family((${plain})::inet) when 4 then 24 else 48 end))::text end`;
  }
}

function clusterOf(row: Row): Cluster {
  return {
    ...{ name: row.name, nodes: row.nodes, owners: row.owners },
    ...{ micro: BigInt(row.micro), earned: BigInt(row.earned) },
    members: row.members.map((member) => ({ ...member, earned: BigInt(member.earned) })),
  };
}
