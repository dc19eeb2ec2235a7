import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { storableText } from '../storable.ts';
import { DeskStore } from './desk-store.ts';
import type { LeaseName } from './lease.ts';
import type { LogFiles } from './log-files.ts';
import { LogStore } from './log-store.ts';
import { LEASE_MS, MAX_ATTEMPTS } from './state.ts';

/** Work that a hub process does itself. */
export interface WorkerSubmit {
  readonly batchId: string;
  readonly kind: string;
  readonly class: 'read' | 'disruptive' | 'code';
  readonly idempotent: boolean;
  /** Never a secret: what one is needed for is sealed in the vault and named here. */
  readonly params: string;
  /** For people: a selector, or the host. */
  readonly selector: string;
  readonly createdBy: string;
  /** The nodes; or, for a host that is none yet, whose it will be. */
  readonly on: { readonly nodeIds: readonly string[] } | { readonly owner: string };
  readonly scheduledAt?: number;
}

export interface WorkerLease extends LeaseName {
  readonly batchId: string;
  readonly kind: string;
  /** Empty for a host that is no node yet. */
  readonly nodeId: string;
  readonly params: string;
}

export interface WorkerEnd {
  readonly outcome: 'succeeded' | 'failed' | 'cancelled' | 'interrupted';
  readonly code: string;
  readonly message: string;
  /** JSON; empty for nothing. */
  readonly report: string;
}

interface LeaseRow {
  job_id: string;
  batch_id: string;
  kind: string;
  node_id: string;
  params: string;
  attempt: number;
  fencing_token: bigint;
}

export interface WorkerJobsDeps {
  readonly sql: Sql;
  readonly files: LogFiles;
  /** Of the worker: its leases and logs are held under this name. */
  readonly instance: string;
  /** Where hubs reach the worker for its logs; empty where they don't, and the directory of logs is shared. */
  readonly url: string;
  readonly generation: number;
  readonly clock: Clock;
}

/**
 * The rows of work that runs from here, over SSH: the queue says when, the row says whether, and its fencing token by
 * whom. Leases, caps of attempts, cancels, logs and retention are those of every job.
 */
export class WorkerJobs {
  readonly #deps: WorkerJobsDeps;
  readonly #desk: DeskStore;
  readonly #logs: LogStore;

  constructor(deps: WorkerJobsDeps) {
    this.#deps = deps;
    this.#desk = new DeskStore(deps.sql);
    this.#logs = new LogStore(deps.sql);
  }

  /** In the caller's transaction, beside its audit row and what it queues. Returns the ids of the jobs. */
  async submit(tx: TransactionSql, submit: WorkerSubmit): Promise<readonly string[]> {
    const now = this.#deps.clock.now();
    const { on, idempotent } = submit;
    const batch = {
      ...submit,
      ...{ run: 'ssh' as const, maxAttempts: idempotent ? MAX_ATTEMPTS : 1, needsApproval: false },
      ...{
        order: undefined,
        scheduleId: undefined,
        now,
        scheduledAt: Math.max(now, submit.scheduledAt ?? now),
      },
    };
    const nodeIds = 'nodeIds' in on ? on.nodeIds : [];
    if (!(await this.#desk.insert(tx, batch, nodeIds))) return [];
    if ('owner' in on) await this.#desk.insertHost(tx, batch, on.owner);
    const rows = await tx<{ job_id: string }[]>`select job_id from jobs where batch_id = ${submit.batchId}`;
    return rows.map((row) => row.job_id);
  }

  /** Jobs that wait for a worker, the oldest first: for whoever queues again what a lost queue forgot. */
  async waiting(limit: number): Promise<readonly { jobId: string; kind: string; nodeId: string }[]> {
    const { sql, clock } = this.#deps;
    const rows = await sql<{ job_id: string; kind: string; node_id: string }[]>`
      select job_id, kind, node_id from jobs where state = 'queued' and not held and run = 'ssh'
        and scheduled_at <= ${new Date(clock.now())} order by scheduled_at limit ${limit}`;
    return rows.map((row) => ({ jobId: row.job_id, kind: row.kind, nodeId: row.node_id }));
  }

  /** A new lease; undefined where the job is not to be done: cancelled, over, or under somebody's lease. */
  async claim(jobId: string): Promise<WorkerLease | undefined> {
    const { sql, clock, instance, url, generation } = this.#deps;
    const now = clock.now();
    await sql`insert into job_holders (instance, url, seen_at) values (${instance}, ${url}, ${new Date(now)})
      on conflict (instance) do update set url = excluded.url, seen_at = excluded.seen_at`;
    const [row] = await sql<LeaseRow[]>`
      update jobs set state = 'running', acked = true, attempt = attempt + 1,
        fencing_token = (${generation}::bigint << 40) + nextval('job_fencing'), leased_at = ${new Date(now)},
        leased_until = ${new Date(now + LEASE_MS)}, started_at = ${new Date(now)}, instance = ${instance},
        progress = null, step = '', log_bytes = 0
      where job_id = (select job_id from jobs where job_id = ${jobId} and state = 'queued' and not held and run = 'ssh'
        and scheduled_at <= ${new Date(now)} for update skip locked)
      returning job_id, batch_id, kind, node_id, params, attempt, fencing_token`;
    if (row === undefined) return undefined;
    const lease = {
      ...{
        jobId: row.job_id,
        batchId: row.batch_id,
        kind: row.kind,
        nodeId: row.node_id,
        params: row.params,
      },
      ...{ attempt: row.attempt, fencingToken: Number(row.fencing_token) },
    };
    if (lease.attempt > 1) await this.#deps.files.rotate(jobId, lease.attempt - 1);
    return lease;
  }

  /** Renews, at a third of the lease at the latest. */
  async progress(
    lease: LeaseName,
    told: { readonly percent: number | undefined; readonly step: string },
  ): Promise<'stands' | 'lost' | { readonly cancel: string }> {
    const { sql, clock, instance } = this.#deps;
    const now = clock.now();
    const [row] = await sql<{ cancel_wanted: string | null }[]>`
      update jobs set leased_until = ${new Date(now + LEASE_MS)}, progress = ${told.percent ?? null},
        step = ${storableText(told.step).slice(0, 64)}
      where job_id = ${lease.jobId} and fencing_token = ${lease.fencingToken} and state = 'running'
      returning cancel_wanted`;
    await sql`update job_holders set seen_at = ${new Date(now)} where instance = ${instance}`;
    if (row === undefined) return 'lost';
    return row.cancel_wanted === null ? 'stands' : { cancel: row.cancel_wanted };
  }

  /** Appends to the log, as far as its bound goes. */
  async log(lease: LeaseName, text: string): Promise<void> {
    const { files, instance } = this.#deps;
    const stored = await files.append(
      lease.jobId,
      await files.size(lease.jobId),
      new TextEncoder().encode(text),
    );
    await this.#logs.grew(new Map([[lease.jobId, stored]]), instance);
  }

  /** @returns false where the lease is lost: then it changed nothing. */
  async finish(lease: LeaseName, end: WorkerEnd): Promise<boolean> {
    const { sql, clock } = this.#deps;
    const again = end.outcome === 'interrupted';
    const at = new Date(clock.now());
    const rows = await sql`
      update jobs set leased_until = null, code = ${storableText(end.code)}, message = ${storableText(end.message)},
        report = ${storableText(end.report)},
        state = case when ${!again} then ${again ? 'failed' : end.outcome} when cancel_wanted is not null then 'cancelled'
          when not idempotent then 'failed' when attempt < max_attempts then 'queued' else 'dead' end,
        ended_at = case when ${again} and idempotent and cancel_wanted is null and attempt < max_attempts
          then null else ${at}::timestamptz end
      where job_id = ${lease.jobId} and fencing_token = ${lease.fencingToken} and state = 'running' returning 1`;
    return rows.length === 1;
  }
}
