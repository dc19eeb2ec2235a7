import { type Liveness, type StateName, stateSql } from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';

export interface Count {
  readonly name: string;
  readonly count: number;
}

/** A node of which its owner lets everybody see this much, and no more. */
export interface PublicNode {
  readonly nodeId: string;
  readonly label: string;
  readonly region: string;
  readonly state: StateName;
  readonly agentVersion: string | undefined;
  readonly chainwebVersion: string | undefined;
}

export interface Publicity {
  readonly listed: boolean;
  readonly badgeHash: Uint8Array | undefined;
}

export interface Badge extends Publicity {
  readonly state: StateName;
}

export interface ExplorerPage {
  readonly nodes: readonly PublicNode[];
  readonly next: Place | undefined;
}

export interface Place {
  readonly label: string;
  readonly nodeId: string;
}

interface PublicRow {
  node_id: string;
  label: string;
  region: string;
  state: StateName;
  agent_version: string | null;
  chainweb_version: string | null;
}

const PAGE_ROWS = 50;

/** What public pages read. Simulated, retired and refused nodes are in none of it. */
export class PulseStore {
  readonly #sql: Sql;
  readonly #liveness: Liveness;

  constructor({ sql, liveness }: { sql: Sql; liveness: Liveness }) {
    this.#sql = sql;
    this.#liveness = liveness;
  }

  /** Nodes heard from of late, by region and by agent version: counted in one pass. */
  async connected(): Promise<{ regions: readonly Count[]; versions: readonly Count[] }> {
    const sql = this.#sql;
    const state = stateSql(sql, this.#liveness.at());
    const rows = await sql<{ region: string | null; version: string | null; count: number }[]>`
      select n.region, n.agent_version as version, count(*)::int as count
      from nodes n left join node_status s using (node_id)
      where not n.simulated and n.retired_at is null and ${state} not in ('offline', 'new', 'refused')
      group by grouping sets ((n.region), (n.agent_version)) order by count desc, 1, 2`;
    const counts = (of: 'region' | 'version') =>
      rows.flatMap((row) => (row[of] === null ? [] : [{ name: row[of], count: row.count }]));
    return { regions: counts('region'), versions: counts('version') };
  }

  /** Listed nodes by label, behind a place. */
  async explorer(after: Place | undefined): Promise<ExplorerPage> {
    const { label, nodeId } = after ?? { label: '', nodeId: '' };
    const rows = await this.#sql<PublicRow[]>`${this.#publicNodes()}
      and (n.label, n.node_id) > (${label}, ${nodeId}) order by n.label, n.node_id limit ${PAGE_ROWS + 1}`;
    const nodes = rows.slice(0, PAGE_ROWS).map(toPublic);
    const last = rows.length > PAGE_ROWS ? nodes.at(-1) : undefined;
    return { nodes, next: last && { label: last.label, nodeId: last.nodeId } };
  }

  async explorerNode(nodeId: string): Promise<PublicNode | undefined> {
    const [row] = await this.#sql<PublicRow[]>`${this.#publicNodes()} and n.node_id = ${nodeId}`;
    return row && toPublic(row);
  }

  /** Of any node with a row of publicity: whether its badge may be shown is the caller's to say. */
  async badge(nodeId: string): Promise<Badge | undefined> {
    const sql = this.#sql;
    const [row] = await sql<{ state: StateName; listed: boolean; badge_hash: Uint8Array | null }[]>`
      select ${stateSql(sql, this.#liveness.at())} as state, p.listed, p.badge_hash
      from node_publicity p join nodes n using (node_id, owner) left join node_status s using (node_id)
      where p.node_id = ${nodeId} and not n.simulated`;
    return row && { state: row.state, listed: row.listed, badgeHash: row.badge_hash ?? undefined };
  }

  async publicity(nodeId: string): Promise<Publicity> {
    const [row] = await this.#sql<{ listed: boolean; badge_hash: Uint8Array | null }[]>`
      select p.listed, p.badge_hash from node_publicity p join nodes n using (node_id, owner) where p.node_id = ${nodeId}`;
    return { listed: row?.listed ?? false, badgeHash: row?.badge_hash ?? undefined };
  }

  setListed(nodeId: string, change: { listed: boolean; by: string; now: number }): Promise<void> {
    return this.#change(nodeId, { ...change, column: 'listed', value: change.listed });
  }

  /** A new hash ends the badge's old address; undefined leaves none. */
  setBadgeHash(
    nodeId: string,
    change: { hash: Uint8Array | undefined; by: string; now: number },
  ): Promise<void> {
    return this.#change(nodeId, { ...change, column: 'badge_hash', value: change.hash ?? null });
  }

  /** What an earlier owner allowed ends with the first word of the present one. */
  async #change(
    nodeId: string,
    change: { column: 'listed' | 'badge_hash'; value: boolean | Uint8Array | null; by: string; now: number },
  ): Promise<void> {
    const sql = this.#sql;
    await sql.begin(async (tx) => {
      await tx`delete from node_publicity p using nodes n
        where p.node_id = ${nodeId} and n.node_id = p.node_id and n.owner <> p.owner`;
      await tx`insert into node_publicity (node_id, owner, ${tx(change.column)}, changed_by, changed_at)
        select n.node_id, n.owner, ${change.value}, ${change.by}, ${new Date(change.now)} from nodes n where n.node_id = ${nodeId}
        on conflict (node_id) do update set ${tx(change.column)} = excluded.${tx(change.column)},
          changed_by = excluded.changed_by, changed_at = excluded.changed_at`;
    });
  }

  #publicNodes() {
    const sql = this.#sql;
    return sql`select n.node_id, n.label, n.region, ${stateSql(sql, this.#liveness.at())} as state, n.agent_version,
        d.chainweb_version
      from node_publicity p join nodes n using (node_id, owner) left join node_status s using (node_id)
        left join node_descriptions d using (node_id)
      where p.listed and not n.simulated and n.retired_at is null and n.refused_at is null`;
  }
}

function toPublic(row: PublicRow): PublicNode {
  return {
    nodeId: row.node_id,
    label: row.label,
    region: row.region,
    state: row.state,
    agentVersion: row.agent_version ?? undefined,
    chainwebVersion: row.chainweb_version ?? undefined,
  };
}
