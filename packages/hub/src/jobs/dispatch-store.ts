import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { SqlFragment } from '../nodes/index.ts';
import type { LeaseName } from './lease.ts';

/** Free slots of one kind on a node with a session here. */
export interface Room {
  readonly nodeId: string;
  readonly epoch: number;
  readonly site: string;
  readonly free: number;
}

/** A job leased to a session: what its frame says. */
export interface LeasedJob extends LeaseName {
  readonly nodeId: string;
  readonly batchId: string;
  readonly kind: string;
  readonly params: string;
  readonly deadline: Date;
  readonly maxAttempts: number;
  readonly idempotencyKey: string;
  readonly orderId: string | null;
}

export interface LeaseTerms {
  readonly now: number;
  /** The lease is lost unless it is acknowledged by then. */
  readonly ackUntil: number;
  readonly instance: string;
  /** Fencing tokens of a restored database must stand above those that it has forgotten. */
  readonly generation: number;
}

/** A place among what is due: the longest due first. */
export interface DueCursor {
  readonly scheduledAt: Date;
  readonly jobId: string;
}

/** Room for 10^12 leases in each restore generation, within what a frame's u64 holds in JavaScript (2^53). */
export const TOKENS_PER_GENERATION = 2 ** 40;
/** One at a time of all instances: counts what is in flight, then adds to it. */
const CAPS_LOCK = 7_403_302;
/** Candidates looked at for what the caps let through. */
const MOST_CAPPED = 500;

type Queries = Sql | TransactionSql;

/**
 * What else must hold in the moment that work which changes nodes is leased, over j (jobs): asked by the very statement
 * that leases, so that what can't be read lets nothing out.
 */
export type MayBegin = (sql: Queries) => SqlFragment;

/** Gives work out: many nodes' jobs in one statement, each to one lease only. */
export class DispatchStore {
  readonly #sql: Sql;
  readonly #mayBegin: MayBegin;

  constructor(sql: Sql, mayBegin: MayBegin = () => sql`true`) {
    this.#sql = sql;
    this.#mayBegin = mayBegin;
  }

  /** Reads change nothing: no caps, no order, no lock but that of the rows. */
  read(rooms: readonly Room[], terms: LeaseTerms): Promise<readonly LeasedJob[]> {
    return this.#lease(this.#sql, rooms, { terms, mutating: false, share: undefined });
  }

  /**
   * Work that changes nodes: one a node, and of each kind, owner and site at most this share in flight, and started
   * within a minute (F31).
   */
  mutating(rooms: readonly Room[], terms: LeaseTerms, share: number): Promise<readonly LeasedJob[]> {
    return this.#sql.begin(async (tx) => {
      await tx`select pg_advisory_xact_lock(${CAPS_LOCK})`;
      return this.#lease(tx, rooms, { terms, mutating: true, share });
    });
  }

  /**
   * A lease that nobody acknowledged goes out again as it is, token and all: if the frame was lost nothing began, and if it
   * was not, the agent knows it by its attempt. To a newer session than that it was lost in at once: its node is back. Only what a restored database holds of a queued one is made anew.
   *
   * `held` and `mutating` are spelled so that the indexes of what is due and of what is capped do not fit: right after a
   * submit to a fleet the planner, whose statistics are older, would walk all of them for each node. That of a node's open
   * jobs is right however many there are.
   */
  async #lease(
    sql: Queries,
    rooms: readonly Room[],
    by: { terms: LeaseTerms; mutating: boolean; share: number | undefined },
  ): Promise<readonly LeasedJob[]> {
    const { now, ackUntil, instance, generation } = by.terms;
    const firstToken = generation * TOKENS_PER_GENERATION;
    const anew = sql`(j.state = 'queued' and coalesce(j.fencing_token, -1) < ${firstToken}::bigint)`;
    const at = new Date(now);
    const given = rooms.map(({ nodeId, epoch, site, free }) => ({ node_id: nodeId, epoch, site, free }));
    const rows = await sql<LeasedRow[]>`
      with room as (
        select * from json_to_recordset(${JSON.stringify(given)}::text::json)
          as r(node_id text, epoch bigint, site text, free int)
      ), due as materialized (
        select r.node_id, r.epoch, r.site, j.job_id, j.kind, j.owner
        from room r join nodes n on n.node_id = r.node_id collate "C"
        cross join lateral (
          select j.job_id, j.kind, j.owner from jobs j
          where j.node_id = n.node_id and j.ended_at is null and j.run = 'agent' and coalesce(j.mutating, true) = ${by.mutating}
            and (j.scheduled_at <= ${at} or j.fencing_token is not null and not j.acked and j.session_epoch < r.epoch)
            and not coalesce(j.held, false)
            and (j.state = 'queued' and j.deadline > ${at} or j.state = 'unknown' and not j.acked and j.cancel_wanted is null)
            ${by.mutating ? sql`and not exists (${busy(sql)}) and ${this.#mayBegin(sql)}` : sql``}
          order by j.scheduled_at, j.job_id limit r.free for update skip locked
        ) j
        where n.retired_at is null and n.refused_at is null and n.quarantined_at is null
      )${by.share === undefined ? sql`, chosen as (select * from due)` : this.#capped(sql, at, by.share)}
      update jobs j set state = 'leased', acked = false,
        attempt = case when ${anew} then j.attempt + 1 else j.attempt end,
        fencing_token = case when ${anew} then ${firstToken}::bigint + nextval('job_fencing') else j.fencing_token end,
        leased_at = ${at}, leased_until = ${new Date(ackUntil)}, instance = ${instance}, session_epoch = c.epoch,
        site = c.site, progress = null, step = '', log_bytes = case when ${anew} then 0 else j.log_bytes end
      from chosen c where j.job_id = c.job_id
      returning j.job_id, j.node_id, j.batch_id, j.kind, j.params, j.attempt, j.fencing_token, j.deadline,
        j.max_attempts, j.idempotency_key, j.order_id`;
    return rows.map(toLeased);
  }

  /**
   * Counted by what is in flight and what began within a minute; at least one each, or small fleets would stand still. One
   * after the other, so that what a full site holds back takes no place of its owner's.
   */
  #capped(sql: Queries, at: Date, share: number): SqlFragment {
    return sql`, flying as materialized (
        select kind, owner, site, count(*)::int as jobs from jobs
        where mutating and run = 'agent' and (state in ('leased', 'running')
          or leased_at > ${at}::timestamptz - interval '1 minute')
          and leased_at > ${at}::timestamptz - interval '1 day'
        group by kind, owner, site
      ), fleet as (
        select greatest(1, floor(count(*) * ${share}::float8))::int as most from nodes where retired_at is null
      ), owners as (
        select d.owner, greatest(1, floor(count(*) * ${share}::float8))::int as most
        from (select distinct owner from due) d join nodes n on n.owner = d.owner and n.retired_at is null group by d.owner
      ), sites as (
        select d.site, greatest(1, floor(count(*) * ${share}::float8))::int as most
        from (select distinct site from due) d join node_work w on w.site = d.site group by d.site
      ), by_site as (
        select d.*, row_number() over (partition by kind, site order by job_id) as place from due d
      ), by_owner as (
        select r.node_id, r.epoch, r.site, r.job_id, r.kind, r.owner,
          row_number() over (partition by r.kind, r.owner order by job_id) as place
        from by_site r left join sites s on s.site = r.site
        where r.place <= coalesce(s.most, 1)
          - coalesce((select sum(f.jobs) from flying f where f.kind = r.kind and f.site = r.site), 0)
      ), by_kind as (
        select r.node_id, r.epoch, r.site, r.job_id, r.kind, row_number() over (partition by r.kind order by job_id) as place
        from by_owner r left join owners o on o.owner = r.owner
        where r.place <= coalesce(o.most, 1)
          - coalesce((select sum(f.jobs) from flying f where f.kind = r.kind and f.owner = r.owner), 0)
      ), chosen as (
        select l.* from by_kind l, fleet where l.place <= fleet.most
          - coalesce((select sum(f.jobs) from flying f where f.kind = l.kind), 0) limit ${MOST_CAPPED}
      )`;
  }

  /**
   * Nodes that have work due and a session with this instance, a page of it: what a bell that nobody heard would leave
   * lying. `next` is where the following page begins; undefined at the end.
   */
  async waiting(
    instance: string,
    by: { now: number; after: DueCursor | undefined; limit: number },
  ): Promise<{ readonly nodeIds: readonly string[]; readonly next: DueCursor | undefined }> {
    const sql = this.#sql;
    const { now, after, limit } = by;
    const place =
      after === undefined
        ? sql`true`
        : sql`(j.scheduled_at, j.job_id) > (${after.scheduledAt}, ${after.jobId})`;
    const rows = await sql<{ node_id: string; job_id: string; scheduled_at: Date }[]>`
      select j.node_id, j.job_id, j.scheduled_at from jobs j
      join sessions s on s.node_id = j.node_id and s.instance_id = ${instance} and s.ended_at is null
      where j.state in ('queued', 'unknown') and not j.held and j.run = 'agent' and j.scheduled_at <= ${new Date(now)}
        and (j.state = 'queued' or not j.acked) and ${place}
      order by j.scheduled_at, j.job_id limit ${limit}`;
    const last = rows.length < limit ? undefined : rows.at(-1);
    return {
      nodeIds: [...new Set(rows.map((row) => row.node_id))],
      next: last && { scheduledAt: last.scheduled_at, jobId: last.job_id },
    };
  }
}

/** The node's one slot for what changes it is taken; by a job whose fate is unknown too, unless the agent never had it. */
function busy(sql: Queries): SqlFragment {
  return sql`select 1 from jobs o where o.node_id = j.node_id and o.ended_at is null and coalesce(o.mutating, true)
    and o.job_id <> j.job_id and o.run = 'agent' and o.state in ('leased', 'running', 'unknown')`;
}

interface LeasedRow {
  job_id: string;
  node_id: string;
  batch_id: string;
  kind: string;
  params: string;
  attempt: number;
  fencing_token: bigint;
  deadline: Date;
  max_attempts: number;
  idempotency_key: string;
  order_id: string | null;
}

function toLeased(row: LeasedRow): LeasedJob {
  return {
    jobId: row.job_id,
    nodeId: row.node_id,
    batchId: row.batch_id,
    kind: row.kind,
    params: row.params,
    attempt: row.attempt,
    fencingToken: Number(row.fencing_token),
    deadline: row.deadline,
    maxAttempts: row.max_attempts,
    idempotencyKey: row.idempotency_key,
    orderId: row.order_id,
  };
}
