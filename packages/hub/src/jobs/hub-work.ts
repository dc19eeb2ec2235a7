import { LIMITS } from '@stoa/protocol';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { storableText } from '../storable.ts';
import { TOKENS_PER_GENERATION } from './dispatch-store.ts';
import { LeaseStore } from './lease-store.ts';
import { LogFiles } from './log-files.ts';
import { LogStore } from './log-store.ts';
import { DEADLINE_MS, LEASE_MS, MAX_ATTEMPTS } from './state.ts';

/** Work that a worker of the hub runs itself (`run = 'ssh'`). All of its kinds are idempotent. */
export interface NewHubJob {
  readonly jobId: string;
  readonly kind: string;
  readonly class: string;
  /** Node id; of a host that is no node yet, its place `host:port`. Nothing else runs on it at the same time. */
  readonly nodeId: string;
  readonly owner: string;
  /** Canonical text; never a secret. */
  readonly params: string;
  readonly createdBy: string;
}

export interface HubJob {
  readonly jobId: string;
  readonly kind: string;
  readonly nodeId: string;
  readonly owner: string;
  readonly params: string;
  readonly createdBy: string;
  readonly attempt: number;
  readonly fencingToken: number;
}

export interface HubJobEnd {
  readonly state: 'succeeded' | 'failed' | 'cancelled';
  readonly code: string;
  readonly message: string;
  readonly report?: Readonly<Record<string, unknown>>;
  /** It failed in a way that may pass: queued again while attempts are left, dead when they are used up. */
  readonly retry?: boolean;
}

const MESSAGE_CHARS = 500;

/**
 * The row's side of hub-run work. The queue only says which job to look at: a job is taken here under a new fencing token,
 * and every later word is heard only under that token (F22), so that work which the queue brings twice is done once.
 */
export class HubWork {
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #instance: string;
  readonly #generation: number;
  readonly #files: LogFiles;
  readonly #logs: LogStore;
  readonly #leases: LeaseStore;

  /** @param by.logDirectory where it is the hub's own, any page follows the log. */
  constructor(by: {
    sql: Sql;
    clock: Pick<Clock, 'now'>;
    instance: string;
    generation: number;
    logDirectory: string;
  }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
    this.#instance = by.instance;
    this.#generation = by.generation;
    this.#files = new LogFiles({ directory: by.logDirectory });
    this.#logs = new LogStore(by.sql);
    this.#leases = new LeaseStore(by);
  }

  async submit(tx: TransactionSql, job: NewHubJob): Promise<void> {
    const at = new Date(this.#clock.now());
    await tx`
      insert into job_batches (batch_id, run, kind, params, selector, node_count, created_by, created_at)
      values (${job.jobId}, 'ssh', ${job.kind}, ${job.params}, ${job.nodeId}, 1, ${job.createdBy}, ${at})`;
    await tx`
      insert into jobs (job_id, batch_id, node_id, owner, run, kind, class, mutating, idempotent, params, max_attempts,
        scheduled_at, deadline, created_at)
      values (${job.jobId}, ${job.jobId}, ${job.nodeId}, ${job.owner}, 'ssh', ${job.kind}, ${job.class}, true, true,
        ${job.params}, ${MAX_ATTEMPTS}, ${at}, ${new Date(at.getTime() + DEADLINE_MS)}, ${at})`;
  }

  /** This worker is there: its leases end when they are not renewed, and not only after the grace. */
  seen(): Promise<void> {
    return this.#leases.seen(this.#clock.now(), '');
  }

  /** Undefined where the job is not to be run: taken, over, or not due. */
  async take(jobId: string): Promise<HubJob | undefined> {
    const now = this.#clock.now();
    const [row] = await this.#sql<(HubJob & { fencingToken: bigint })[]>`
      update jobs j set state = 'running', attempt = j.attempt + 1, acked = true, leased_at = ${new Date(now)},
        fencing_token = ${this.#generation}::bigint * ${TOKENS_PER_GENERATION}::bigint + nextval('job_fencing'),
        leased_until = ${new Date(now + LEASE_MS)}, instance = ${this.#instance}, progress = null, step = '',
        started_at = coalesce(j.started_at, ${new Date(now)}), log_instance = ${this.#instance}
      from job_batches b
      where j.job_id = ${jobId} and b.batch_id = j.batch_id and j.run = 'ssh' and j.state = 'queued' and not j.held
        and j.scheduled_at <= ${new Date(now)} and j.deadline > ${new Date(now)}
        and not exists (select 1 from jobs o where o.node_id = j.node_id and o.run = 'ssh' and o.state = 'running')
      returning j.job_id as "jobId", j.kind, j.node_id as "nodeId", j.owner, j.params, j.attempt,
        j.fencing_token as "fencingToken", b.created_by as "createdBy"`;
    return row && { ...row, fencingToken: Number(row.fencingToken) };
  }

  /** @returns undefined where the lease is lost; `cancel` says why somebody wants it ended. */
  async renew(
    { jobId, fencingToken }: HubJob,
    { step, progress }: { step: string; progress: number },
  ): Promise<{ cancel: string | undefined } | undefined> {
    const [row] = await this.#sql<{ cancel_wanted: string | null }[]>`
      update jobs set leased_until = ${new Date(this.#clock.now() + LEASE_MS)}, step = ${step}, progress = ${progress}
      where job_id = ${jobId} and fencing_token = ${fencingToken} and state = 'running' returning cancel_wanted`;
    return row && { cancel: row.cancel_wanted ?? undefined };
  }

  /** Whole lines. Beyond the bound of a log they are dropped. */
  async log({ jobId }: HubJob, text: string): Promise<void> {
    const at = await this.#files.size(jobId);
    if (at >= LIMITS.jobLogBytes) return;
    const bytes = await this.#files.append(jobId, at, Buffer.from(text));
    await this.#logs.grew(new Map([[jobId, bytes]]), this.#instance);
  }

  /** From now on the job is about the node that its host has become. */
  async become({ jobId, fencingToken }: HubJob, nodeId: string): Promise<void> {
    await this
      .#sql`update jobs set node_id = ${nodeId} where job_id = ${jobId} and fencing_token = ${fencingToken}`;
  }

  /** @returns what the row says then; undefined where this lease was lost, and nothing was changed. */
  async finish({ jobId, fencingToken }: HubJob, end: HubJobEnd): Promise<'over' | 'again' | undefined> {
    const at = new Date(this.#clock.now());
    const again = end.retry === true;
    const report = end.report === undefined ? '' : JSON.stringify(end.report);
    const [row] = await this.#sql<{ state: string }[]>`
      update jobs set leased_until = null, code = ${end.code}, report = ${report},
        message = ${storableText(end.message).slice(0, MESSAGE_CHARS)},
        state = case when ${again} and cancel_wanted is null and attempt < max_attempts then 'queued'
          when ${again} and cancel_wanted is null then 'dead' else ${end.state} end,
        ended_at = case when ${again} and cancel_wanted is null and attempt < max_attempts then null else ${at}::timestamptz end,
        progress = case when ${end.state === 'succeeded'} then 100 else progress end
      where job_id = ${jobId} and fencing_token = ${fencingToken} and state = 'running' returning state`;
    return row && (row.state === 'queued' ? 'again' : 'over');
  }

  /** Leases that ended. No grace: a worker that is there renews, and a job that is run again ends as if run once. */
  async expire(): Promise<void> {
    const at = new Date(this.#clock.now());
    await this.#sql`
      update jobs set leased_until = null, step = '',
        state = case when cancel_wanted is not null then 'cancelled' when attempt < max_attempts then 'queued' else 'dead' end,
        ended_at = case when cancel_wanted is null and attempt < max_attempts then null else ${at}::timestamptz end,
        code = case when cancel_wanted is not null then 'cancelled' when attempt < max_attempts then ''
          else 'attempts_used_up' end,
        message = case when cancel_wanted is null and attempt >= max_attempts
          then 'the lease of attempt ' || attempt || ' of ' || max_attempts || ' was lost' else message end
      where run = 'ssh' and state = 'running' and leased_until < ${at}`;
  }

  /** What waits to be run, those that wait for longest first: the queue may have lost it. */
  async waiting(limit: number): Promise<readonly { jobId: string; kind: string; nodeId: string }[]> {
    return await this.#sql<{ jobId: string; kind: string; nodeId: string }[]>`
      select job_id as "jobId", kind, node_id as "nodeId" from jobs
      where state = 'queued' and not held and run = 'ssh' and scheduled_at <= ${new Date(this.#clock.now())}
      order by scheduled_at limit ${limit}`;
  }
}
