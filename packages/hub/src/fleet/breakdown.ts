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
import type { Audience, NodeAccess } from '../accounts/index.ts';
import type { Clock } from '../clock.ts';
import { RefreshedByKey } from '../refreshed-by-key.ts';

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
  access: NodeAccess;
  clock: Pick<Clock, 'now'>;
  liveness: Liveness;
}): RefreshedByKey<Breakdown> {
  const { sql, access, clock } = by;
  return new RefreshedByKey({
    clock,
    load: async (audience) => {
      const mine = access.visibleTo(audience);
      const [needs, versions, regions] = await Promise.all([
        needsYou(by, audience),
        sql<Share[]>`select agent_version as name, count(*)::int as count from nodes n
          where retired_at is null and agent_version is not null and ${mine} group by 1 order by 2 desc, 1 limit ${VERSIONS_SHOWN}`,
        sql<
          Share[]
        >`select region as name, count(*)::int as count from nodes n where retired_at is null and ${mine} group by 1 order by 2 desc, 1`,
      ]);
      return { needs, versions, regions };
    },
  });
}

async function needsYou(
  { sql, access, liveness }: { sql: Sql; access: NodeAccess; liveness: Liveness },
  audience: Audience,
): Promise<NodeDetail[]> {
  const state = stateSql(sql, liveness.at());
  const rows = await sql<DetailRow[]>`
    select * from (
      select ${detailColumns(sql)}, r.rank, row_number() over (partition by r.rank order by n.label, n.node_id) as place
      from ${summaryTables(sql)}
        cross join lateral (select array_position(${[...NEEDS_YOU]}::text[], ${state}) as rank) r
      where r.rank is not null and ${access.visibleTo(audience)}) named
    where place <= ${NAMED} order by rank, place`;
  return rows.map(toDetail);
}
