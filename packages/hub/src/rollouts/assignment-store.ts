import type { Sql } from '#seams/db-adapter/index.ts';
import { DEADLINE_MS, FAILED, FLYING, RECALLABLE, SILENT_MS } from './assignment-state.ts';
import { mayAskAgain, runsIt } from './cargo-sql.ts';
import { eligible, eligibleTables, held } from './eligible.ts';
import { type Candidate, LOOK_MS, LOOKS, mostAtOnce, withinLimits } from './plan/index.ts';
import type { Rollout } from './rollout.ts';

const FLIES = [...FLYING];
const FAILS = [...FAILED];

/** Begun in one step: twelve thousand a minute, whatever the pace would allow. */
const MOST_A_STEP = 2_000;

/** Moves nodes through a rollout: many in a statement, each guarded by the state that it leaves. */
export class AssignmentStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Assigns up to `most` nodes of the rings so far, the earliest rings first. @returns them: they are to be told. */
  async start(
    rollout: Rollout,
    by: { ring: number; most: number; now: number; aside: readonly string[] },
  ): Promise<readonly string[]> {
    const most = Math.min(by.most, MOST_A_STEP);
    if (most <= 0) return [];
    const sql = this.#sql;
    const { rolloutId } = rollout;
    const candidates = await sql<Candidate[]>`
      select r.node_id as "nodeId", r.owner, coalesce(w.site, '') as site
      from rollout_nodes r ${eligibleTables(sql)}
      where r.rollout_id = ${rolloutId} and r.state = 'waiting' and r.ring <= ${by.ring}
        and r.owner <> all(${[...by.aside]}::text[])
        and ${eligible(sql, rollout, { now: by.now, held: held(sql, rollout, by.now) })}
      order by r.ring, r.bucket limit ${4 * most + 200}`;
    const chosen = withinLimits(candidates, {
      most,
      owners: await this.#ownerRooms(rolloutId, [...new Set(candidates.map(({ owner }) => owner))]),
      sites: await this.#siteRooms(rolloutId, [...new Set(candidates.map(({ site }) => site))]),
    });
    if (chosen.length === 0) return [];
    const rows = await sql<{ node_id: string }[]>`
      update rollout_nodes set state = 'assigned', attempt = attempt + 1, assignment_id = uuid_send(gen_random_uuid()),
        assigned_at = ${new Date(by.now)}, deadline = ${new Date(by.now + DEADLINE_MS)}, sent_at = null, confirmed_at = null,
        settled_at = null, reason = ''
      where rollout_id = ${rolloutId} and state = 'waiting' and node_id = any(${chosen.map(({ nodeId }) => nodeId)}::text[])
      returning node_id`;
    return rows.map((row) => row.node_id);
  }

  /**
   * What time has brought to an end: no word by the deadline, silence while young, and the other way round what came back.
   * While we are deaf nothing is held against nodes.
   */
  async settle(rollout: Rollout, by: { now: number; deaf: boolean }): Promise<void> {
    const sql = this.#sql;
    const { rolloutId } = rollout;
    const now = new Date(by.now);
    const silent = new Date(by.now - SILENT_MS);
    const young = new Date(by.now - LOOKS * LOOK_MS);
    await sql`
      update rollout_nodes r set state = 'already', settled_at = ${now}
      from nodes n left join node_updates u on u.node_id = n.node_id
      where r.rollout_id = ${rolloutId} and r.state = 'waiting' and n.node_id = r.node_id and ${runsIt(sql, rollout)}`;
    await sql`
      update rollout_nodes set state = 'waiting', assignment_id = null
      where rollout_id = ${rolloutId} and state in ('recalling', 'deferred') and deadline < ${now}`;
    // It never went out: held back by a pause, or its node left. That is nobody's failure.
    await sql`
      update rollout_nodes set state = 'waiting', assignment_id = null
      where rollout_id = ${rolloutId} and state = 'assigned' and sent_at is null and deadline < ${now}`;
    await sql`
      update rollout_nodes r set state = 'confirmed', settled_at = null, reason = '' from node_status st
      where r.rollout_id = ${rolloutId} and r.state = 'vanished' and r.confirmed_at is not null
        and st.node_id = r.node_id and st.last_seen > r.settled_at`;
    if (by.deaf) return;
    await sql`
      update rollout_nodes r set settled_at = ${now}, reason = 'no word by the deadline',
        state = case when coalesce(st.last_seen, 'epoch') < ${silent} then 'vanished' else 'stuck' end
      from rollout_nodes o left join node_status st on st.node_id = o.node_id
      where o.rollout_id = r.rollout_id and o.node_id = r.node_id and r.rollout_id = ${rolloutId}
        and r.state = any(${FLIES}::text[]) and r.deadline < ${now}`;
    await sql`
      update rollout_nodes r set state = 'vanished', settled_at = ${now}, reason = 'not heard since it swapped'
      from node_status st
      where r.rollout_id = ${rolloutId} and r.state = 'confirmed' and r.confirmed_at > ${young}
        and st.node_id = r.node_id and st.last_seen < ${silent}`;
  }

  /** Takes back what has not begun. @returns nodes that must be told. */
  async recall(rolloutId: string, now: number): Promise<readonly string[]> {
    const sql = this.#sql;
    await sql`
      update rollout_nodes set state = 'waiting', assignment_id = null
      where rollout_id = ${rolloutId} and state = 'assigned' and sent_at is null`;
    const rows = await sql<{ node_id: string }[]>`
      update rollout_nodes set state = 'recalling', deadline = ${new Date(now + DEADLINE_MS)}
      where rollout_id = ${rolloutId} and state = any(${[...RECALLABLE]}::text[]) returning node_id`;
    return rows.map((row) => row.node_id);
  }

  /** Assigned, and held back since. */
  async unsent(rolloutId: string): Promise<readonly string[]> {
    const rows = await this.#sql<{ node_id: string }[]>`
      select node_id from rollout_nodes where rollout_id = ${rolloutId} and state = 'assigned' and sent_at is null`;
    return rows.map((row) => row.node_id);
  }

  /** Nodes that failed or lag behind, of a person's choice; undefined: all of them. Asked again with an id of its own. */
  async retry(rollout: Rollout, nodeIds: readonly string[] | undefined): Promise<readonly string[]> {
    const sql = this.#sql;
    const rows = await sql<{ node_id: string }[]>`
      update rollout_nodes r set state = 'waiting', settled_at = null, confirmed_at = null, reason = ''
      where rollout_id = ${rollout.rolloutId} and state = any(${[...FAILS, 'refused', 'given-up']}::text[])
        and ${mayAskAgain(sql, rollout)}
        ${nodeIds === undefined ? sql`` : sql`and node_id = any(${[...nodeIds]}::text[])`}
      returning node_id`;
    return rows.map((row) => row.node_id);
  }

  /** Ends what is stuck for good; what a node still has of it is taken back. @returns nodes that must be told. */
  async giveUp(
    rolloutId: string,
    nodeIds: readonly string[] | undefined,
    now: number,
  ): Promise<readonly string[]> {
    const sql = this.#sql;
    const rows = await sql<{ node_id: string }[]>`
      update rollout_nodes set state = 'given-up', settled_at = ${new Date(now)}, reason = 'by a person'
      where rollout_id = ${rolloutId} and state = any(${[...FAILS, ...FLIES, 'deferred']}::text[])
        ${
          nodeIds === undefined
            ? sql`and state in ('stuck', 'vanished')`
            : sql`and node_id = any(${[...nodeIds]}::text[])`
        }
      returning node_id`;
    return rows.map((row) => row.node_id);
  }

  /** Few are in the middle of it at any time; how many there are of an owner or a site is told by an index. */
  async #ownerRooms(rolloutId: string, owners: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#sql<RoomRow[]>`
      select n.owner as name, count(*)::int as nodes, coalesce(f.flying, 0)::int as flying
      from nodes n left join (
        select owner, count(*) as flying from rollout_nodes
        where rollout_id = ${rolloutId} and state = any(${FLIES}::text[]) group by owner
      ) f on f.owner = n.owner
      where n.owner = any(${[...owners]}::text[]) and n.retired_at is null group by n.owner, f.flying`;
    return rooms(rows);
  }

  async #siteRooms(rolloutId: string, sites: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const rows = await this.#sql<RoomRow[]>`
      select w.site as name, count(*)::int as nodes, coalesce(f.flying, 0)::int as flying
      from node_work w left join (
        select w.site, count(*) as flying from rollout_nodes r join node_work w on w.node_id = r.node_id
        where r.rollout_id = ${rolloutId} and r.state = any(${FLIES}::text[]) group by w.site
      ) f on f.site = w.site
      where w.site = any(${[...sites]}::text[]) and w.site <> '' group by w.site, f.flying`;
    return rooms(rows);
  }
}

interface RoomRow {
  name: string;
  nodes: number;
  flying: number;
}

function rooms(rows: readonly RoomRow[]): ReadonlyMap<string, number> {
  return new Map(rows.map(({ name, nodes, flying }) => [name, mostAtOnce(nodes) - flying]));
}
