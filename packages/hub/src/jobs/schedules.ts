import { randomUUID } from 'node:crypto';
import { formatParams, isKindName, kindOf, parseParams } from '@stoa/protocol';
import type { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { Log } from '../log.ts';
import { parseSelector, type SqlFragment } from '../nodes/index.ts';
import { printSelector } from '../selector/index.ts';
import { isAtLeast, type Viewer } from '../viewer.ts';
import type { JobDesk, JobRequest } from './job-desk.ts';
import { toldParams } from './told-params.ts';

export interface JobSchedule {
  readonly scheduleId: string;
  readonly kind: string;
  readonly params: string;
  readonly selector: string;
  readonly everyMs: number;
  /** Milliseconds since 1970. */
  readonly nextAt: number;
  readonly createdBy: string;
}

interface ScheduleRow {
  schedule_id: string;
  kind: string;
  params: string;
  selector: string;
  every_ms: bigint;
  next_at: Date;
  created_by: string;
}

export interface SchedulesDeps {
  readonly sql: Sql;
  readonly desk: Pick<JobDesk, 'plan' | 'nodeIds' | 'submit'>;
  readonly audit: Pick<AuditLog, 'appendIn'>;
  /** The account as it stands now: a schedule does what its maker may do today. */
  readonly holderOf: (email: string) => Promise<Pick<Viewer, 'accountId' | 'email' | 'tier'> | undefined>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

const LEAST_MS = 60_000;

/**
 * Work of class read, submitted again and again for whom made the schedule: what changes a node takes an order signed for
 * that one time. An instance takes a turn by moving its time on, so each turn is one submit; turns that nobody was there
 * for are left out.
 */
export class JobSchedules {
  readonly name = 'job-schedules';
  readonly periodMs = 10_000;
  readonly #deps: SchedulesDeps;

  constructor(deps: SchedulesDeps) {
    this.#deps = deps;
  }

  /**
   * @param request.owner e-mail of the account by whose rights its turns are; the viewer unless said, and said by admins only.
   * @throws {HttpError} `not_schedulable`, `bad_params`, `not_found`.
   */
  async create(
    viewer: Viewer,
    request: JobRequest & { everyMs: number; firstAt?: number; owner?: string },
  ): Promise<JobSchedule> {
    const { sql, desk, audit, clock } = this.#deps;
    const owner = await this.#ownerOf(viewer, request.owner);
    const now = clock.now();
    if (kindOf(request.kind).class !== 'read' || request.everyMs < LEAST_MS)
      throw new HttpError(
        400,
        'not_schedulable',
        `${request.kind} can't be scheduled every ${request.everyMs} ms.`,
        {
          fix: 'Work of class read can, once a minute at most; what changes nodes takes an order for each time.',
        },
      );
    await desk.plan(owner, request);
    const schedule = {
      scheduleId: randomUUID(),
      kind: request.kind,
      params: formatParams(kindOf(request.kind).parameters, request.params),
      selector: printSelector(request.selector),
      everyMs: request.everyMs,
      nextAt: request.firstAt ?? now,
      createdBy: owner.email,
    };
    await sql.begin(async (tx) => {
      const { scheduleId, kind, params, selector, everyMs } = schedule;
      await tx`insert into job_schedules (schedule_id, kind, params, selector, every_ms, next_at, created_by, created_at)
        values (${scheduleId}, ${kind}, ${params}, ${selector}, ${everyMs}, ${new Date(schedule.nextAt)},
          ${owner.email}, ${new Date(now)})`;
      const detail = { kind, params: toldParams(params), selector, everyMs, owner: owner.email };
      await audit.appendIn(tx, { actor: viewer.email, act: 'job.schedule', subject: scheduleId, detail });
    });
    return schedule;
  }

  /** The viewer's own that go on; an admin sees everybody's. */
  async list(viewer: Viewer): Promise<readonly JobSchedule[]> {
    const rows = await this.#deps.sql<ScheduleRow[]>`select * from job_schedules
      where ${this.#of(viewer)} and ended_at is null order by created_at`;
    return rows.map(toSchedule);
  }

  /** @throws {HttpError} `not_found`. */
  async end(viewer: Viewer, scheduleId: string): Promise<void> {
    const { sql, audit, clock } = this.#deps;
    await sql.begin(async (tx) => {
      const ended = await tx`update job_schedules set ended_at = ${new Date(clock.now())}
        where schedule_id = ${scheduleId} and ${this.#of(viewer)} and ended_at is null returning 1`;
      if (ended.length === 0) throw notFound('This schedule');
      await audit.appendIn(tx, { actor: viewer.email, act: 'job.unschedule', subject: scheduleId });
    });
  }

  async tick(): Promise<void> {
    const { sql, clock } = this.#deps;
    const at = new Date(clock.now());
    const due = await sql<ScheduleRow[]>`
      update job_schedules set next_at = ${at}::timestamptz + every_ms * interval '1 millisecond'
      where schedule_id in (select schedule_id from job_schedules where next_at <= ${at} and ended_at is null
        for update skip locked) returning *`;
    for (const row of due) await this.#submit(toSchedule(row));
  }

  #of(viewer: Viewer): SqlFragment {
    const { sql } = this.#deps;
    return isAtLeast(viewer, 'ancient') ? sql`true` : sql`created_by = ${viewer.email}`;
  }

  async #ownerOf(viewer: Viewer, email: string | undefined): Promise<Viewer> {
    if (email === undefined || email === viewer.email) return viewer;
    const holder = isAtLeast(viewer, 'ancient') ? await this.#deps.holderOf(email) : undefined;
    if (holder === undefined) throw notFound(`An account ${email}`);
    return { ...holder, confirmedAt: 0, keyScopes: undefined };
  }

  async #submit({ scheduleId, kind, params, selector, createdBy }: JobSchedule): Promise<void> {
    const { desk, holderOf, log } = this.#deps;
    const holder = await holderOf(createdBy);
    if (holder === undefined || !isKindName(kind)) return;
    const viewer: Viewer = { ...holder, confirmedAt: 0, keyScopes: undefined };
    try {
      const request = {
        kind,
        params: parseParams(kindOf(kind).parameters, params),
        selector: parseSelector(selector),
      };
      const nodes = await desk.nodeIds(viewer, request);
      if (nodes.length > 0) await desk.submit(viewer, { ...request, scheduleId });
    } catch (err) {
      // One schedule that can't be submitted now keeps none of the others from their turn, nor itself from the next.
      log.warn(
        { err, scheduleId, kind },
        'a scheduled job could not be submitted; it is tried again at its next turn',
      );
    }
  }
}

function toSchedule(row: ScheduleRow): JobSchedule {
  return {
    scheduleId: row.schedule_id,
    kind: row.kind,
    params: row.params,
    selector: row.selector,
    everyMs: Number(row.every_ms),
    nextAt: row.next_at.getTime(),
    createdBy: row.created_by,
  };
}
