import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { LeaseName } from './lease.ts';
import { DEADLINE_MS, FAILOVER_GRACE_MS, LEASE_MS } from './state.ts';

export interface Renewal extends LeaseName {
  readonly nodeId: string;
  readonly epoch: number;
  /** Undefined: only that it is in the journal. */
  readonly progress: { readonly percent: number | undefined; readonly step: string } | undefined;
}

/** A lease that stands. */
export interface Standing {
  readonly cancelWanted: string | undefined;
  /** This was the first word of it. */
  readonly fresh: boolean;
}

/** Longest wait of a job whose lease nobody acknowledged, before it goes out again. */
const SENT_AGAIN_MS = 5 * 60_000;

/** A job that lost its lease. */
export interface LostLease {
  readonly jobId: string;
  readonly nodeId: string;
  readonly state: 'queued' | 'unknown' | 'dead' | 'cancelled';
}

/** Keeps leases alive, and ends them. Many at a time: one statement whatever comes together. */
export class LeaseStore {
  readonly #sql: Sql;
  readonly #instance: string;

  constructor(by: { sql: Sql; instance: string }) {
    this.#sql = by.sql;
    this.#instance = by.instance;
  }

  /**
   * What is in the agent's journal runs, or is about to: leased and unknown become running, and so does what is queued under
   * its lease again. An agent has no word about work over SSH.
   * @returns by job id the leases that stand; the others are lost.
   */
  async renew(renewals: readonly Renewal[], now: number): Promise<ReadonlyMap<string, Standing>> {
    // Of the same job the newest attempt, and progress before a bare acknowledgement: a statement writes a row once.
    const newest = new Map<string, Renewal>();
    for (const renewal of renewals) {
      const held = newest.get(renewal.jobId);
      if (held === undefined || held.fencingToken <= renewal.fencingToken)
        newest.set(renewal.jobId, { ...renewal, progress: renewal.progress ?? held?.progress });
    }
    const rows = [...newest.values()]
      .sort((a, b) => (a.jobId < b.jobId ? -1 : 1))
      .map(({ jobId, attempt, fencingToken, nodeId, epoch, progress }) => ({
        job_id: jobId,
        attempt,
        token: fencingToken,
        node_id: nodeId,
        epoch,
        told: progress !== undefined,
        percent: progress?.percent ?? null,
        step: progress?.step ?? '',
      }));
    const stood = await this.#sql<{ job_id: string; cancel_wanted: string | null; fresh: boolean }[]>`
      with given as (
        select * from json_to_recordset(${JSON.stringify(rows)}::text::json) as g(job_id uuid, attempt int, token bigint,
          node_id text, epoch bigint, told boolean, percent int, step text)
      ), held as materialized (
        select j.job_id, not j.acked as fresh from given g join jobs j using (job_id)
        where j.node_id = g.node_id and j.attempt = g.attempt and j.fencing_token = g.token
          and j.run = 'agent' and j.state in ('queued', 'leased', 'running', 'unknown')
        order by j.job_id for update of j
      )
      update jobs j set state = 'running', acked = true, leased_until = ${new Date(now + LEASE_MS)},
        started_at = coalesce(j.started_at, ${new Date(now)}), instance = ${this.#instance}, session_epoch = g.epoch,
        progress = case when g.told then g.percent else j.progress end,
        step = case when g.told then g.step else j.step end
      from given g join held using (job_id) where j.job_id = g.job_id
      returning j.job_id, j.cancel_wanted, held.fresh`;
    return new Map(
      stood.map(({ job_id, cancel_wanted, fresh }) => [
        job_id,
        { cancelWanted: cancel_wanted ?? undefined, fresh },
      ]),
    );
  }

  /** This instance is there. */
  seen(now: number, url: string): Promise<void> {
    return holderSeen(this.#sql, { instance: this.#instance, url, now });
  }

  /** For leases that this instance could not renew, having been away: from now on the failover grace. Unacknowledged ones wait for nobody. */
  async extend(now: number): Promise<number> {
    const until = new Date(now + FAILOVER_GRACE_MS);
    const rows = await this.#sql`update jobs set leased_until = ${until}
      where state = 'running' and instance = ${this.#instance} and leased_until < ${until} and run = 'agent'`;
    return rows.count;
  }

  /**
   * Leases that ended: of this instance and of those that are there; of one that has fallen silent only after the grace,
   * in which its nodes come here or it comes back. Nobody holds up another: rows that are being written are left for the
   * next time. What somebody wants ended and no agent told of is not sent again only to be asked about: it ends here.
   *
   * A lease that nobody acknowledged is no attempt at the job: its link was cut, or its node can write nothing down. It
   * keeps its token, and goes out again once it has waited as long as it has been due: a node that can't take it is asked
   * more and more seldom.
   */
  async expire(now: number, silentMs: number): Promise<readonly LostLease[]> {
    const sql = this.#sql;
    const at = new Date(now);
    const anew = sql`j.idempotent and j.acked`;
    const dueSince = sql`(j.deadline - ${DEADLINE_MS} * interval '1 millisecond')`;
    return sql<LostLease[]>`
      with lost as materialized (
        select j.job_id from jobs j left join job_holders h on h.instance = j.instance
        where j.state in ('leased', 'running') and j.leased_until < ${at}
          and (j.leased_until < ${new Date(now - FAILOVER_GRACE_MS)} or h.seen_at > ${new Date(now - silentMs)})
        order by j.leased_until limit 1000 for update of j skip locked
      )
      update jobs j set leased_until = null, progress = null, step = '',
        state = case when j.cancel_wanted is not null and (j.idempotent or not j.acked) then 'cancelled'
          when not j.idempotent then 'unknown' when not j.acked or j.attempt < j.max_attempts then 'queued' else 'dead' end,
        ended_at = case when j.cancel_wanted is not null and (j.idempotent or not j.acked)
          or ${anew} and j.attempt >= j.max_attempts then ${at}::timestamptz end,
        fencing_token = case when ${anew} then null else j.fencing_token end,
        scheduled_at = case when j.acked then j.scheduled_at else ${at}::timestamptz
          + least(${SENT_AGAIN_MS} * interval '1 millisecond', greatest(interval '0', ${at}::timestamptz - ${dueSince})) end,
        code = case when j.cancel_wanted is not null and j.idempotent then 'cancelled'
          when j.cancel_wanted is not null and not j.acked then 'effect_unknown' when not j.idempotent then ''
          when j.acked and j.attempt >= j.max_attempts then 'attempts_used_up' else '' end,
        message = case when j.cancel_wanted is not null and not j.idempotent and not j.acked then j.cancel_wanted
          when ${anew} and j.cancel_wanted is null and j.attempt >= j.max_attempts
          then 'the lease of attempt ' || j.attempt || ' of ' || j.max_attempts || ' was lost' else '' end
      from lost where j.job_id = lost.job_id
      returning j.job_id as "jobId", j.node_id as "nodeId", j.state`;
  }

  /** What nobody began in time, and what no node reports any more. Returns the jobs that ended. */
  async giveUp(now: number, unknownMs: number): Promise<readonly { jobId: string; nodeId: string }[]> {
    return this.#sql<{ jobId: string; nodeId: string }[]>`
      with over as materialized (
        select job_id from jobs where ended_at is null and (
          (state = 'queued' and deadline < ${new Date(now)})
          or (state = 'unknown' and deadline < ${new Date(now - unknownMs)}))
        limit 1000 for update skip locked
      )
      update jobs j set state = 'failed', ended_at = ${new Date(now)},
        code = case when j.state = 'queued' then 'deadline' else 'never_reported' end,
        message = case when j.state = 'queued' then 'it could not be begun before its deadline'
          else 'its lease was lost and the node never told what became of it' end
      from over where j.job_id = over.job_id returning j.job_id as "jobId", j.node_id as "nodeId"`;
  }
}

const SEEN_MS = 10 * 60_000;

/** @param by.url where others reach it; '' where they don't. */
export async function holderSeen(
  sql: Sql | TransactionSql,
  { instance, url, now }: { instance: string; url: string; now: number },
): Promise<void> {
  await sql`insert into job_holders (instance, url, seen_at) values (${instance}, ${url}, ${new Date(now)})
    on conflict (instance) do update set url = excluded.url, seen_at = excluded.seen_at`;
}

/** Whether another hub or worker of the region was seen of late. */
export async function othersSeen(sql: Sql | TransactionSql, instance: string, now: number): Promise<boolean> {
  const rows = await sql`select 1 from job_holders
    where instance <> ${instance} and seen_at > ${new Date(now - SEEN_MS)} limit 1`;
  return rows.length > 0;
}
