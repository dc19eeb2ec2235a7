import {
  type Liveness,
  loadRequiredChainweb,
  type RequiredChainweb,
  type StateName,
  saveRequiredChainweb,
  stateSql,
} from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';

/** How many nodes of a region, and of an agent's version in it, are in each state. */
export interface Row {
  readonly region: string;
  /** Undefined: nothing was said of it yet. */
  readonly version: string | undefined;
  readonly byState: ReadonlyMap<StateName, number>;
  readonly total: number;
}

export interface InstanceFacts {
  readonly instanceId: string;
  /** Agents whose last session is there and lasts. */
  readonly agents: number;
  readonly heard: number;
  readonly newestSession: number;
}

export interface DatabaseFacts {
  readonly version: string;
  readonly bytes: number;
  readonly connections: number;
  readonly maxConnections: number;
  readonly migrations: number;
  readonly migratedAt: number | undefined;
}

/** What the admin pages count, and what they settle for the region. */
export class AdminStore {
  readonly #sql: Sql;
  readonly #liveness: Liveness;

  constructor({ sql, liveness }: { sql: Sql; liveness: Liveness }) {
    this.#sql = sql;
    this.#liveness = liveness;
  }

  /** By region, then the version that most nodes of it run. */
  async matrix(): Promise<readonly Row[]> {
    const sql = this.#sql;
    const cells = await sql<{ region: string; version: string | null; state: StateName; count: number }[]>`
      select n.region, n.agent_version as version, ${stateSql(sql, this.#liveness.at())} as state, count(*)::int as count
      from nodes n left join node_status s using (node_id) group by 1, 2, 3`;
    const rows = [...Map.groupBy(cells, ({ region, version }) => JSON.stringify([region, version])).values()];
    return rows
      .map((row) => ({
        region: row[0]!.region,
        version: row[0]!.version ?? undefined,
        byState: new Map(row.map(({ state, count }) => [state, count])),
        total: row.reduce((sum, { count }) => sum + count, 0),
      }))
      .sort((a, b) => (a.region < b.region ? -1 : a.region > b.region ? 1 : b.total - a.total));
  }

  requiredChainweb(): Promise<RequiredChainweb | undefined> {
    return loadRequiredChainweb(this.#sql);
  }

  requireChainweb(required: RequiredChainweb | undefined): Promise<void> {
    return saveRequiredChainweb(this.#sql, required);
  }

  async instances(): Promise<readonly InstanceFacts[]> {
    const { now, intervalMs } = this.#liveness.at();
    const rows = await this.#sql<
      { instance_id: string; agents: number; heard: number; newest: Date }[]
    >`select c.instance_id, count(*)::int as agents, max(c.connected_at) as newest,
        count(*) filter (where s.last_seen > ${new Date(now - intervalMs)})::int as heard
      from sessions c left join node_status s using (node_id) where c.ended_at is null group by 1 order by 1`;
    return rows.map((row) => ({
      instanceId: row.instance_id,
      agents: row.agents,
      heard: row.heard,
      newestSession: row.newest.getTime(),
    }));
  }

  async database(): Promise<DatabaseFacts> {
    const [row] = await this.#sql<
      {
        version: string;
        bytes: bigint;
        connections: number;
        most: number;
        migrations: number;
        at: bigint | null;
      }[]
    >`select current_setting('server_version') as version, pg_database_size(current_database()) as bytes,
        (select count(*)::int from pg_stat_activity where datname = current_database()) as connections,
        current_setting('max_connections')::int as most, m.migrations, m.at
      from (select count(*)::int as migrations, max(created_at) as at from drizzle.__drizzle_migrations) m`;
    const { version, bytes, connections, most, migrations, at } = row!;
    return {
      version,
      bytes: Number(bytes),
      connections,
      maxConnections: most,
      migrations,
      migratedAt: at === null ? undefined : Number(at),
    };
  }
}
