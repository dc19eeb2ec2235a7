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
import type { NodeAccess } from '../accounts/index.ts';
import type { Clock } from '../clock.ts';
import { RefreshedByKey } from '../refreshed-by-key.ts';
import { type Audience, EVERYTHING } from '../viewer.ts';

/** Nodes named of each state that needs a person. */
const NAMED = 4;
const VERSIONS_SHOWN = 8;
const EVENTS_SHOWN = 10;
/** Newest events of one node that are looked at, where only some nodes are seen. */
const EVENTS_A_NODE = 3;

export interface Share {
  readonly name: string;
  readonly count: number;
}

/** Something that happened to a node. */
export interface FleetEvent {
  readonly at: number;
  readonly nodeId: string;
  readonly label: string;
  readonly kind: string;
}

/** What the overview shows beside the counts by state. */
export interface Breakdown {
  /** The first few nodes of each state that asks for a person, the most pressing state first. */
  readonly needs: readonly NodeDetail[];
  readonly versions: readonly Share[];
  readonly regions: readonly Share[];
  /** The newest first. */
  readonly events: readonly FleetEvent[];
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
      const [needs, events, versions, regions] = await Promise.all([
        needsYou(by, audience),
        newestEvents(by, audience),
        sql<Share[]>`select agent_version as name, count(*)::int as count from nodes n
          where retired_at is null and agent_version is not null and ${mine} group by 1 order by 2 desc, 1 limit ${VERSIONS_SHOWN}`,
        sql<
          Share[]
        >`select region as name, count(*)::int as count from nodes n where retired_at is null and ${mine} group by 1 order by 2 desc, 1`,
      ]);
      return { needs, events, versions, regions };
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

async function newestEvents(
  { sql, access }: { sql: Sql; access: NodeAccess },
  audience: Audience,
): Promise<FleetEvent[]> {
  // Who sees all reads the end of the log; others the ends of their nodes' parts of it, each by its index.
  const events =
    audience === EVERYTHING
      ? sql`select e.at, e.id, e.kind, n.node_id, n.label
          from (select * from node_events order by id desc limit ${EVENTS_SHOWN}) e join nodes n using (node_id)`
      : sql`select e.at, e.id, e.kind, n.node_id, n.label from nodes n cross join lateral
          (select * from node_events where node_id = n.node_id order by at desc limit ${EVENTS_A_NODE}) e
          where ${access.visibleTo(audience)}`;
  const rows = await sql<{ at: Date; kind: string; node_id: string; label: string }[]>`
    select * from (${events}) newest order by at desc, id desc limit ${EVENTS_SHOWN}`;
  return rows.map((row) => ({ at: row.at.getTime(), nodeId: row.node_id, label: row.label, kind: row.kind }));
}
