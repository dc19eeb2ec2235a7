import type { PendingQuery, Row } from 'postgres';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import {
  FEWEST_VOLUNTEERS,
  LAST_CANARY_RING,
  LAST_RING,
  MOST_OWN,
  MOST_VOLUNTEERS,
  OWN_RING,
  RINGS,
  VOLUNTEER_RING,
} from './plan/index.ts';
import type { ReleaseKind } from './rollout.ts';

type Fragment = PendingQuery<Row[]>;
type Queries = Sql | TransactionSql;

/** Whose nodes are ours; and whose word about a release a stranger can't buy: people that an Ancient Admin has promoted. */
const OURS = ['ancient'];
const VETTED = ['ancient', 'modern', 'baron'];
const PREFIX = 'stoa/v1/ring\0';

/** What rings are drawn by. */
export interface Draw {
  /** Hash of the release's targets, or of the signed order, hex. */
  readonly seed: string;
  /** When that hash became public: nodes that joined later may have been made for it. Undefined: not known. */
  readonly before: number | undefined;
  /** Nodes that the order names; undefined: all of the fleet. */
  readonly among?: readonly string[];
}

/** Draws the rings, by set: what `ringHash` of the protocol says of each node, and who is ours or asked to be early. */
export class RingStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async draw(tx: TransactionSql, rolloutId: string, by: Draw): Promise<void> {
    await tx`
      insert into rollout_nodes (rollout_id, node_id, owner, ring, bucket)
      select ${rolloutId}, node_id, owner, ring, bucket from (${this.#drawn(tx, by)}) drawn`;
  }

  /** Nodes that joined since (an order names none of them): the last, since whoever knows the hash can make keys until one falls where they want it. */
  async drawLate(rolloutId: string): Promise<void> {
    const sql = this.#sql;
    await sql`
      insert into rollout_nodes (rollout_id, node_id, owner, ring, bucket)
      select o.rollout_id, b.node_id, b.owner, ${LAST_RING}, b.bucket
      from rollouts o cross join lateral (
        select n.node_id, n.owner, ${bucket(sql, sql`o.targets_sha256`)} as bucket from nodes n
        where n.retired_at is null and not exists (
          select from rollout_nodes r where r.rollout_id = o.rollout_id and r.node_id = n.node_id)
      ) b
      where o.rollout_id = ${rolloutId} and o.batch_id is null
      on conflict do nothing`;
  }

  /** Nodes by ring, of what would be drawn: the blast radius. */
  async preview(by: Draw): Promise<readonly { ring: number; nodes: number; owners: number }[]> {
    return this.#sql<{ ring: number; nodes: number; owners: number }[]>`
      select ring, count(*)::int as nodes, count(distinct owner)::int as owners
      from (${this.#drawn(this.#sql, by)}) drawn group by ring order by ring`;
  }

  #drawn(sql: Queries, { seed, before, among }: Draw): Fragment {
    const late = before === undefined ? sql`false` : sql`n.created_at > ${new Date(before)}`;
    const targets = sql`${Buffer.from(seed, 'hex')}::bytea`;
    const named = among === undefined ? sql`` : sql`and n.node_id = any(${[...among]}::text[])`;
    return sql`
      with b as (
        select n.node_id, n.owner, ${bucket(sql, targets)} as bucket, ${late} as late,
          coalesce(a.tier = any(${OURS}::text[]), false) as ours,
          coalesce(a.tier = any(${VETTED}::text[]), false)
            and (coalesce(wn.channel, wo.channel, 'stable') = 'early' or coalesce(u.channel, 'stable') = 'early') as early
        from nodes n left join users a on a.email = n.owner left join node_updates u on u.node_id = n.node_id
        left join update_wishes wn on wn.subject = n.node_id
        left join update_wishes wo on wo.subject = n.owner and wn.subject is null
        where n.retired_at is null ${named}
      ), placed as (
        select b.*, ours and row_number() over (partition by ours order by bucket) <= ${MOST_OWN} as own,
          row_number() over (partition by owner order by not early, late, bucket) = 1 and (early or not late) as speaks
        from b
      ), ranked as (
        select p.*, case when not own and speaks then row_number() over (partition by own, speaks order by not early, bucket) end as place
        from placed p
      )
      select node_id, owner, bucket, (case when own then ${OWN_RING}
        when place <= ${MOST_VOLUNTEERS} and early or place <= ${FEWEST_VOLUNTEERS} then ${VOLUNTEER_RING}
        when late then ${LAST_RING} else ${this.#hashed(sql)} end)::int as ring
      from ranked b`;
  }

  /** Of b.bucket. */
  #hashed(sql: Queries): Fragment {
    const [canary, five, quarter] = RINGS.slice(LAST_CANARY_RING, LAST_RING).map(({ below }) => below);
    return sql`(case when b.bucket < ${canary!}::float8 then ${LAST_CANARY_RING}
      when b.bucket < ${five!}::float8 then ${LAST_CANARY_RING + 1}
      when b.bucket < ${quarter!}::float8 then ${LAST_CANARY_RING + 2} else ${LAST_RING} end)::int`;
  }

  /** Of that kind, how many nodes speak of their updates at all, and why others can't take part. */
  async reach(by: { kind: ReleaseKind; version: string; platforms: readonly string[] }): Promise<{
    nodes: number;
    silent: number;
    byHand: number;
    otherPlatform: number;
    current: number;
    pinned: number;
  }> {
    const sql = this.#sql;
    const runs = by.kind === 'payload' ? sql`u.version` : sql`u.runtime`;
    const [row] = await sql<
      { nodes: number; silent: number; by_hand: number; other: number; current: number; pinned: number }[]
    >`select count(*)::int as nodes, count(*) filter (where u.node_id is null)::int as silent,
        count(*) filter (where u.launcher = '')::int as by_hand,
        count(*) filter (where u.launcher <> '' and u.platform <> all(${[...by.platforms]}::text[]))::int as other,
        count(*) filter (where u.launcher <> '' and ${runs} = ${by.version})::int as current,
        count(*) filter (where u.launcher <> '' and ${runs} <> ${by.version}
          and (u.pin not in ('', ${by.version}) or coalesce(wn.pin, wo.pin, '') not in ('', ${by.version})))::int as pinned
      from nodes n left join node_updates u on u.node_id = n.node_id
      left join update_wishes wn on wn.subject = n.node_id
      left join update_wishes wo on wo.subject = n.owner and wn.subject is null
      where n.retired_at is null`;
    const { nodes, silent, by_hand: byHand, other: otherPlatform, current, pinned } = row!;
    return { nodes, silent, byHand, otherPlatform, current, pinned };
  }
}

/** `ringHash` of the protocol, of the alias n. */
function bucket(sql: Queries, targets: Fragment): Fragment {
  return sql`(('x' || encode(substring(sha256(${Buffer.from(PREFIX)}::bytea || ${targets} || decode(n.node_id, 'hex'))
    from 1 for 6), 'hex'))::bit(48)::bigint / 281474976710656::float8)`;
}
