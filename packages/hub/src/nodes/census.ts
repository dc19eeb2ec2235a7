import type { Sql } from '#seams/db-adapter/index.ts';
import type { NodeAccess } from '../accounts/index.ts';
import type { Clock } from '../clock.ts';
import { RefreshedByKey } from '../refreshed-by-key.ts';
import type { Audience } from '../viewer.ts';
import type { Liveness } from './liveness.ts';
import { STATES, type StateName } from './state.ts';
import { stateSql } from './state-sql.ts';

export interface Census {
  readonly total: number;
  readonly byState: Readonly<Record<StateName, number>>;
  readonly simulated: number;
  /** Nodes heard from within the last heartbeat interval. */
  readonly heard: number;
  readonly at: number;
}

interface CensusRow {
  state: StateName;
  count: number;
  simulated: number;
  heard: number;
}

/** How many nodes are in which state, by audience: counted by the database, once for all who see the same. */
export function createCensus(by: {
  sql: Sql;
  access: NodeAccess;
  clock: Pick<Clock, 'now'>;
  liveness: Liveness;
}): RefreshedByKey<Census> {
  return new RefreshedByKey({ clock: by.clock, load: (audience) => countStates(by, audience) });
}

async function countStates(
  { sql, access, liveness }: { sql: Sql; access: NodeAccess; liveness: Liveness },
  audience: Audience,
): Promise<Census> {
  const at = liveness.at();
  const recently = new Date(at.now - at.intervalMs);
  const rows = await sql<CensusRow[]>`
    select ${stateSql(sql, at)} as state, count(*)::int as count, count(*) filter (where n.simulated)::int as simulated,
      count(*) filter (where s.last_seen > ${recently})::int as heard
    from nodes n left join node_status s using (node_id) where ${access.visibleTo(audience)} group by 1`;
  const count = new Map(rows.map((row) => [row.state, row.count]));
  const sum = (pick: (row: CensusRow) => number) => rows.reduce((total, row) => total + pick(row), 0);
  return {
    total: sum((row) => row.count),
    byState: Object.fromEntries(STATES.map((state) => [state, count.get(state) ?? 0])) as Record<
      StateName,
      number
    >,
    simulated: sum((row) => row.simulated),
    heard: sum((row) => row.heard),
    at: at.now,
  };
}
