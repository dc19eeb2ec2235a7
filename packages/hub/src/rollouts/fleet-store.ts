import type { Sql } from '#seams/db-adapter/index.ts';
import { FAILED, FLYING, SILENT_MS } from './assignment-state.ts';
import { eligible, eligibleTables, held } from './eligible.ts';
import {
  type Comparison,
  FEWEST_FAILING_OWNERS,
  type GroupStats,
  LOOK_MS,
  LOOKS,
  MEASURES,
  type MeasureName,
  type RingCounts,
  type Tally,
  tallyOf,
} from './plan/index.ts';
import type { RingProgress, Rollout } from './rollout.ts';

const FLIES = [...FLYING];
const FAILS = [...FAILED];
const MINUTE_MS = 60_000;
/** A node that has just swapped is busy with that: it is compared later. */
const SETTLED_MS = 10 * MINUTE_MS;

/** Silence of more than this share of the owners is ours, if it is in so many networks: no one network causes it either. */
const DEAF = 0.05;
const FEWEST_SILENT_NETWORKS = 2;

export interface JudgedRings {
  readonly from: number;
  readonly to: number;
}

/** What a step of a rollout reads of the fleet, by set: no query here grows by a round trip with the nodes. */
export class FleetStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async progress(rolloutId: string): Promise<readonly RingProgress[]> {
    return this.#sql<RingProgress[]>`
      select ring, count(*)::int as nodes, count(*) filter (where state = 'waiting')::int as waiting,
        count(*) filter (where state = any(${FLIES}::text[]))::int as flying,
        count(*) filter (where state = 'deferred')::int as deferred,
        count(*) filter (where state = 'confirmed')::int as confirmed,
        count(*) filter (where state = any(${FAILS}::text[]))::int as failed,
        count(*) filter (where state in ('already', 'refused', 'recalling', 'given-up'))::int as others
      from rollout_nodes where rollout_id = ${rolloutId} group by ring order by ring`;
  }

  /**
   * Of the rings that are judged, but for owners that are set aside. Waiting are those that may begin now, counted as far
   * as it matters: beyond a tenth of what has moved, the ring has not answered either way.
   */
  async counts(
    rollout: Rollout,
    rings: JudgedRings,
    by: { now: number; aside: readonly string[] },
  ): Promise<RingCounts> {
    const sql = this.#sql;
    const { now, aside } = by;
    const mine = sql`r.rollout_id = ${rollout.rolloutId} and r.ring between ${rings.from} and ${rings.to}
      and r.owner <> all(${[...aside]}::text[])`;
    const [moved] = await sql<Omit<RingCounts, 'waiting'>[]>`
      select count(*) filter (where r.state = any(${FLIES}::text[]))::int as flying,
        count(*) filter (where r.state = 'confirmed')::int as confirmed,
        count(*) filter (where r.state = 'confirmed' and (st.last_seen > ${new Date(now - SILENT_MS)}
          or st.last_seen > r.confirmed_at + make_interval(secs => ${(LOOKS * LOOK_MS - SILENT_MS) / 1_000})))::int as heard,
        count(*) filter (where r.state = any(${FAILS}::text[])
          and coalesce(r.settled_at, r.confirmed_at) >= ${new Date(rollout.course.judgedSince)})::int as failed
      from rollout_nodes r left join node_status st on st.node_id = r.node_id
      where ${mine} and r.state <> 'waiting'`;
    const { flying, confirmed, failed } = moved!;
    const limit = 1_000 + Math.ceil((flying + confirmed + failed) / 10);
    const [waits] = await sql<{ waiting: number }[]>`
      select count(*)::int as waiting from (select from rollout_nodes r ${eligibleTables(sql)}
        where ${mine} and r.state = 'waiting' and ${eligible(sql, rollout, { now, held: held(sql, rollout, now) })}
        limit ${limit}) ready`;
    return { ...moved!, waiting: waits!.waiting };
  }

  /** What owners have shown since a person last judged. */
  async tally(
    rollout: Rollout,
    rings: JudgedRings,
    { now, hurry }: { now: number; hurry: number },
  ): Promise<Tally> {
    const sql = this.#sql;
    const rows = await sql<
      {
        owner: string | null;
        owners: number;
        nodes: number;
        failed: number;
        swap_failed: number;
        own_failed: number;
        looks: number;
      }[]
    >`
      with looked as (
        select owner, ring, state <> 'confirmed' as failed, confirmed_at is null as at_swap,
          case when confirmed_at is null then 1 else least(${LOOKS}, 1 + floor(greatest(0, extract(epoch from
            (case when state = 'confirmed' then ${new Date(now)} else settled_at end) - confirmed_at)) * 1000 / ${LOOK_MS / hurry}))
          end::int as looks
        from rollout_nodes
        where rollout_id = ${rollout.rolloutId} and ring between ${rings.from} and ${rings.to}
          and state = any(${['confirmed', ...FAILS]}::text[]) and assignment_id is not null
          and coalesce(settled_at, confirmed_at) >= ${new Date(rollout.course.judgedSince)}
      ), voices as (
        select owner, count(*)::int as nodes, count(*) filter (where failed)::int as failed,
          count(*) filter (where failed and at_swap)::int as swap_failed,
          count(*) filter (where failed and ring = 0)::int as own_failed, sum(looks)::float8 as looks
        from looked group by owner
      )
      select owner, 1 as owners, nodes, failed, swap_failed, own_failed, looks from voices where failed > 0
      union all
      select null, count(*)::int, 0, 0, 0, 0, coalesce(sum(looks / nodes), 0) from voices where failed = 0`;
    const clean = rows.find(({ owner }) => owner === null);
    const failing = rows.flatMap(({ owner, nodes, failed, swap_failed: swapFailed, looks }) =>
      owner === null ? [] : [{ owner, nodes, failed, swapFailed, looks }],
    );
    return tallyOf({
      clean: { owners: clean?.owners ?? 0, looks: clean?.looks ?? 0 },
      failing,
      ownFailed: rows.reduce((sum, row) => sum + row.own_failed, 0),
    });
  }

  /** How many nodes each of these has in the fleet. */
  async nodesOf(owners: readonly string[]): Promise<ReadonlyMap<string, number>> {
    if (owners.length === 0) return new Map();
    const rows = await this.#sql<{ owner: string; nodes: number }[]>`
      select owner, count(*)::int as nodes from nodes
      where owner = any(${[...owners]}::text[]) and retired_at is null group by owner`;
    return new Map(rows.map(({ owner, nodes }) => [owner, nodes]));
  }

  /** Nodes on the new version beside nodes that have not been asked yet, owner by owner. */
  async comparisons(rollout: Rollout, now: number): Promise<readonly Comparison[]> {
    const sql = this.#sql;
    const since = new Date(rollout.course.soakSince ?? now);
    const [silent, settled] = [new Date(now - SILENT_MS), new Date(now - SETTLED_MS)];
    const columns = MEASURES.map(
      ({ name }) => sql`count(${sql(name)})::int as ${sql(`${name}_owners`)},
        coalesce(avg(${sql(name)}), 0)::float8 as ${sql(`${name}_mean`)},
        coalesce(var_samp(${sql(name)}), 0)::float8 as ${sql(`${name}_variance`)}`,
    );
    const rows = await sql<({ side: string } & Record<string, number>)[]>`
      with owned as (
        select case when r.state = 'confirmed' then 'updated' else 'control' end as side, r.owner,
          avg((s.connected_at > ${since} and s.connected_at > r.confirmed_at + interval '10 minutes'
            or r.confirmed_at is null and s.connected_at > ${since})::int) as reconnects,
          avg((s.booted_at > ${since} and s.booted_at > r.confirmed_at + interval '10 minutes'
            or r.confirmed_at is null and s.booted_at > ${since})::int) as crashes,
          avg(st.cpu) as cpu, avg(st.memory) as memory, avg(st.lag) as lag,
          avg((st.last_seen < ${silent})::int) as silent,
          avg((coalesce(st.at_tip_at, 'epoch') < ${silent})::int) as stray
        from rollout_nodes r join node_status st on st.node_id = r.node_id join sessions s on s.node_id = r.node_id
        where r.rollout_id = ${rollout.rolloutId}
          and (r.state = 'confirmed' and r.confirmed_at < ${settled} or r.state = 'waiting')
          and st.last_seen > ${new Date(now - 60 * MINUTE_MS)}
        group by 1, 2
      )
      select side, ${columns.flatMap((column, index) => (index === 0 ? column : sql`, ${column}`))} from owned group by side`;
    const group = (side: string, name: MeasureName): GroupStats => {
      const row = rows.find((one) => one.side === side);
      return {
        owners: row?.[`${name}_owners`] ?? 0,
        mean: row?.[`${name}_mean`] ?? 0,
        variance: row?.[`${name}_variance`] ?? 0,
      };
    };
    return MEASURES.map(({ name }) => ({
      measure: name,
      updated: group('updated', name),
      control: group('control', name),
    }));
  }

  /** Nodes that confirmed in all, and nodes that began within the last minute. */
  async pace(rolloutId: string, now: number): Promise<{ successes: number; started: number }> {
    const [row] = await this.#sql<{ successes: number; started: number }[]>`
      select (select count(*)::int from rollout_nodes where rollout_id = ${rolloutId} and confirmed_at is not null) as successes,
        (select count(*)::int from rollout_nodes
          where rollout_id = ${rolloutId} and assigned_at > ${new Date(now - MINUTE_MS)}) as started`;
    return row!;
  }

  /**
   * Whether so much of what was heard within the hour is silent that it is rather us who do not hear (F03). One owner is one
   * voice, as loud as the share of their nodes that is silent: nobody holds a region's rollouts by switching theirs off.
   */
  async deaf(now: number): Promise<boolean> {
    const [row] = await this.#sql<{ known: number; silent: number; voices: number; networks: number }[]>`
      with heard as (
        select n.owner, w.site, st.last_seen < ${new Date(now - SILENT_MS)} as silent
        from node_status st join nodes n on n.node_id = st.node_id left join node_work w on w.node_id = st.node_id
        where st.last_seen > ${new Date(now - 60 * MINUTE_MS)}
      ), owners as (select avg(silent::int) as share from heard group by owner)
      select count(*)::int as known, count(*) filter (where share > 0)::int as voices,
        coalesce(sum(share), 0)::float8 as silent,
        (select count(distinct site)::int from heard where silent and site <> '') as networks from owners`;
    const { known, silent, voices, networks } = row!;
    const independent = voices >= FEWEST_FAILING_OWNERS && networks >= FEWEST_SILENT_NETWORKS;
    return known === 0 || (independent && silent > known * DEAF);
  }
}
