import type { Liveness } from '#nodes/index.ts';
import {
  type DetailRow,
  detailColumns,
  NEEDS_YOU,
  type NodeDetail,
  stateSql,
  summaryTables,
  toDetail,
} from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { Refreshed } from '../refreshed.ts';

/** Nodes named of each state that needs a person. */
const NAMED = 4;
const VERSIONS_SHOWN = 8;

export interface Share {
  readonly name: string;
  readonly count: number;
}

/** What the overview shows beside the counts by state. */
export interface Breakdown {
  /** The first few nodes of each state that asks for a person, the most pressing state first. */
  readonly needs: readonly NodeDetail[];
  readonly versions: readonly Share[];
  readonly regions: readonly Share[];
}

export function createBreakdown(by: {
  sql: Sql;
  clock: Pick<Clock, 'now'>;
  liveness: Liveness;
}): Refreshed<Breakdown> {
  const { sql, clock, liveness } = by;
  return new Refreshed({
    clock,
    load: async () => {
      const [needs, versions, regions] = await Promise.all([
        needsYou(sql, liveness),
        sql<Share[]>`select agent_version as name, count(*)::int as count from nodes
          where retired_at is null and agent_version is not null group by 1 order by 2 desc, 1 limit ${VERSIONS_SHOWN}`,
        sql<
          Share[]
        >`select region as name, count(*)::int as count from nodes where retired_at is null group by 1 order by 2 desc, 1`,
      ]);
      return { needs, versions, regions };
    },
  });
}

async function needsYou(sql: Sql, liveness: Liveness): Promise<NodeDetail[]> {
  const state = stateSql(sql, liveness.at());
  const rows = await sql<DetailRow[]>`
    select * from (
      select ${detailColumns(sql)}, r.rank, row_number() over (partition by r.rank order by n.label, n.node_id) as place
      from ${summaryTables(sql)}
        cross join lateral (select array_position(${[...NEEDS_YOU]}::text[], ${state}) as rank) r
      where r.rank is not null) named
    where place <= ${NAMED} order by rank, place`;
  return rows.map(toDetail);
}
