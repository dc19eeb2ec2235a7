import { type KindName, toHex } from '@stoa/protocol';
import type { NodeAccess } from '#accounts/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { SqlFragment } from '../nodes/index.ts';
import { audienceOf, EVERYTHING, type Viewer } from '../viewer.ts';
import type { JobBatch, JobDetail, JobReceiptRow, JobReport, JobSummary, Keepsake, NodeWork } from './job.ts';
import {
  batchTables,
  type DetailRow,
  detailColumns,
  type SummaryRow,
  summaryColumns,
  toDetail,
  toSummary,
} from './job-rows.ts';
import { readResult } from './result-desk.ts';
import { JOB_STATES, type JobState, KEEPSAKE_KINDS, KEEPSAKE_LIST } from './state.ts';

export interface JobFilter {
  readonly states?: readonly JobState[];
  readonly kind?: string;
  readonly nodeId?: string;
  readonly batchId?: string;
  /** Beginning of a node's label, a kind or a job id. */
  readonly q?: string;
}

/** A place in the list: newest first. */
export interface JobCursor {
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly jobId: string;
}

export interface JobPage {
  readonly jobs: readonly JobSummary[];
  /** Where the next page begins; undefined at the end. */
  readonly next: JobCursor | undefined;
}

export const JOBS_A_PAGE = 50;
const KEEPSAKES_SHOWN = 100;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** What pages, commands and the API read of jobs: of the nodes that the viewer may see, or saw when they were submitted. */
export class JobReader {
  readonly #sql: Sql;
  readonly #access: NodeAccess;

  constructor(by: { sql: Sql; access: NodeAccess }) {
    this.#sql = by.sql;
    this.#access = by.access;
  }

  async list(viewer: Viewer, filter: JobFilter, after?: JobCursor): Promise<JobPage> {
    const sql = this.#sql;
    const place =
      after === undefined
        ? sql`true`
        : sql`(j.created_at, j.job_id) < (${new Date(after.createdAt)}, ${after.jobId})`;
    const rows = await sql<SummaryRow[]>`
      select ${summaryColumns(sql)} from ${batchTables(sql)}
      where ${place} and ${this.#matches(filter)} and ${this.#visible(viewer)}
      order by j.created_at desc, j.job_id desc limit ${JOBS_A_PAGE + 1}`;
    const jobs = rows.slice(0, JOBS_A_PAGE).map(toSummary);
    const last = jobs.at(-1);
    const next =
      rows.length > JOBS_A_PAGE && last !== undefined
        ? { createdAt: last.createdAt, jobId: last.jobId }
        : undefined;
    return { jobs, next };
  }

  /** By id, in any order; those that the viewer may not see are left out. */
  async byIds(viewer: Viewer, jobIds: readonly string[]): Promise<readonly JobSummary[]> {
    const sql = this.#sql;
    const rows = await sql<SummaryRow[]>`select ${summaryColumns(sql)} from ${batchTables(sql)}
      where j.job_id = any(${jobIds.filter(isUuid)}::uuid[]) and ${this.#visible(viewer)}`;
    return rows.map(toSummary);
  }

  /** Undefined for what is not there, and for what the viewer may not see. */
  async show(viewer: Viewer, jobId: string): Promise<JobDetail | undefined> {
    if (!isUuid(jobId)) return undefined;
    const sql = this.#sql;
    const [row] = await sql<DetailRow[]>`select ${detailColumns(sql)} from ${batchTables(sql)}
      where j.job_id = ${jobId} and ${this.#visible(viewer)}`;
    return row && toDetail(row);
  }

  /** Both halves of what happened, attempt by attempt: ask `show` first, which says whether the viewer may see it. */
  async receipts(jobId: string): Promise<readonly JobReceiptRow[]> {
    const rows = await this.#sql<
      {
        attempt: number;
        taken: 'recorded' | 'late';
        number: bigint;
        link: JobReceiptRow['link'];
        at: Date;
        sealed: Uint8Array;
        receipt: Uint8Array;
      }[]
    >`select r.attempt, r.taken, r.number, r.link, r.at, r.sealed, r.receipt from job_results r
      join jobs j on j.job_id = r.job_id and j.node_id = r.node_id where r.job_id = ${jobId} order by r.at, r.number`;
    return rows.map((row) => {
      const { outcome, code, message, durationMs } = readResult(row.sealed);
      return {
        ...{ attempt: row.attempt, taken: row.taken, outcome, code, message, durationMs, link: row.link },
        number: Number(row.number),
        at: row.at.getTime(),
        sealed: toHex(row.sealed),
        receipt: toHex(row.receipt),
      };
    });
  }

  /** Undefined where the viewer sees none of its jobs; counts those that the viewer sees. */
  async batch(viewer: Viewer, batchId: string): Promise<JobBatch | undefined> {
    if (!isUuid(batchId)) return undefined;
    const sql = this.#sql;
    const [[batch], states] = await Promise.all([
      sql<
        BatchRow[]
      >`select run, kind, params, selector, created_by, created_at, needs_approval, approved_by, order_id,
          signed_by, schedule_id from job_batches where batch_id = ${batchId}`,
      sql<{ state: JobState; jobs: number }[]>`select j.state, count(*)::int as jobs from ${batchTables(sql)}
        where j.batch_id = ${batchId} and ${this.#visible(viewer)} group by j.state`,
    ]);
    if (batch === undefined || states.length === 0) return undefined;
    return {
      ...{ batchId, run: batch.run, kind: batch.kind, params: batch.params, selector: batch.selector },
      nodes: states.reduce((sum, row) => sum + row.jobs, 0),
      createdBy: batch.created_by,
      createdAt: batch.created_at.getTime(),
      needsApproval: batch.needs_approval,
      approvedBy: batch.approved_by ?? undefined,
      orderId: batch.order_id ?? undefined,
      signedBy: batch.signed_by ?? undefined,
      scheduleId: batch.schedule_id ?? undefined,
      states: Object.fromEntries(states.map((row) => [row.state, row.jobs])),
    };
  }

  /** What a node last said that it can and will do. */
  async nodeWork(nodeId: string): Promise<NodeWork | undefined> {
    const [row] = await this.#sql<
      { kinds: string[]; policy: string; fault: string; paused: boolean; said_at: Date }[]
    >`select kinds, policy, fault, paused, said_at from node_work where node_id = ${nodeId}`;
    if (row === undefined) return undefined;
    const { said_at, ...said } = row;
    return { ...said, saidAt: said_at.getTime() };
  }

  /** What the node made by jobs and still has, the newest first: ask first whether the viewer may see the node. */
  async keepsakes(nodeId: string): Promise<readonly Keepsake[]> {
    const rows = await this.#sql<(Omit<Keepsake, 'endedAt'> & { endedAt: Date })[]>`
      select job_id as "jobId", kind, params, report, ended_at as "endedAt" from jobs
      where node_id = ${nodeId} and state = 'succeeded' and kind = any(${[...KEEPSAKE_KINDS]}::text[])
      order by created_at desc limit ${KEEPSAKES_SHOWN}`;
    return rows.map((row) => ({ ...row, endedAt: row.endedAt.getTime() }));
  }

  /**
   * What agents reported of one kind of work that succeeded, the oldest first: for features that make something of it.
   * The condition is that of the index of what has ended.
   */
  async reports(
    kind: KindName,
    by: { since: number; after: JobReport | undefined; limit: number },
  ): Promise<readonly JobReport[]> {
    const sql = this.#sql;
    const place =
      by.after === undefined
        ? sql`j.ended_at >= ${new Date(by.since)}`
        : sql`(j.ended_at, j.job_id) > (${new Date(by.after.endedAt)}, ${by.after.jobId})`;
    const rows = await sql<(Omit<JobReport, 'endedAt'> & { endedAt: Date })[]>`
      select j.job_id as "jobId", j.attempt, j.node_id as "nodeId", j.owner, j.report, j.ended_at as "endedAt" from jobs j
      where ${place} and j.ended_at is not null and not (j.state = 'succeeded' and j.kind in (${sql.unsafe(KEEPSAKE_LIST)}))
        and j.kind = ${kind} and j.state = 'succeeded' and j.run = 'agent'
      order by j.ended_at, j.job_id limit ${by.limit}`;
    return rows.map((row) => ({ ...row, endedAt: row.endedAt.getTime() }));
  }

  /** Nodes on which a job of the kind runs now. */
  async running(kind: KindName): Promise<readonly string[]> {
    const rows = await this.#sql<{ nodeId: string }[]>`
      select node_id as "nodeId" from jobs where kind = ${kind} and state = 'running'`;
    return rows.map(({ nodeId }) => nodeId);
  }

  /** Jobs that are not over, by kind and state: the health of the queue. */
  async queue(
    viewer: Viewer,
  ): Promise<readonly { kind: string; state: JobState; jobs: number; oldest: number }[]> {
    const sql = this.#sql;
    const rows = await sql<{ kind: string; state: JobState; jobs: number; oldest: Date }[]>`
      select j.kind, j.state, count(*)::int as jobs, min(j.created_at) as oldest from ${batchTables(sql)}
      where j.ended_at is null and ${this.#visible(viewer)} group by j.kind, j.state order by j.kind, j.state`;
    return rows.map((row) => ({ ...row, oldest: row.oldest.getTime() }));
  }

  #visible(viewer: Viewer): SqlFragment {
    const sql = this.#sql;
    if (audienceOf(viewer) === EVERYTHING) return sql`true`;
    // A host that is no node yet is seen by whose it will be.
    return sql`(${this.#access.visible(viewer)} or (n.node_id is null and j.owner = ${viewer.email}))`;
  }

  #matches({ states, kind, nodeId, batchId, q }: JobFilter): SqlFragment {
    const sql = this.#sql;
    const known = states?.filter((state) => JOB_STATES.includes(state));
    const conditions = [
      ...(known === undefined ? [] : [sql`j.state = any(${known}::text[])`]),
      ...(kind === undefined ? [] : [sql`j.kind = ${kind}`]),
      ...(nodeId === undefined ? [] : [sql`j.node_id = ${nodeId}`]),
      ...(batchId === undefined ? [] : [isUuid(batchId) ? sql`j.batch_id = ${batchId}` : sql`false`]),
      ...(q === undefined || q === ''
        ? []
        : [
            sql`(starts_with(lower(n.label), ${q.toLowerCase()}) or starts_with(j.kind, ${q})
              or starts_with(j.job_id::text, ${q}) or starts_with(j.node_id, ${q}))`,
          ]),
    ];
    return conditions.length === 0 ? sql`true` : conditions.reduce((all, one) => sql`${all} and ${one}`);
  }
}

interface BatchRow {
  run: JobBatch['run'];
  kind: string;
  params: string;
  selector: string;
  created_by: string;
  created_at: Date;
  needs_approval: boolean;
  approved_by: string | null;
  order_id: string | null;
  signed_by: string | null;
  schedule_id: string | null;
}

export function isUuid(text: string): boolean {
  return UUID.test(text);
}
