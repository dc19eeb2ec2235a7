import type { Sql } from '#seams/db-adapter/index.ts';
import type { SqlFragment } from '../nodes/index.ts';
import type { JobDetail, JobRun, JobSummary } from './job.ts';
import type { JobState } from './state.ts';

export interface SummaryRow {
  job_id: string;
  batch_id: string;
  node_id: string;
  label: string | null;
  owner: string;
  run: JobRun;
  kind: string;
  class: string;
  state: JobState;
  held: boolean;
  attempt: number;
  max_attempts: number;
  scheduled_at: Date;
  created_at: Date;
  created_by: string;
  started_at: Date | null;
  ended_at: Date | null;
  code: string;
  message: string;
  progress: number | null;
  step: string;
  cancelling: boolean;
}

export interface DetailRow extends SummaryRow {
  params: string;
  selector: string;
  idempotent: boolean;
  deadline: Date;
  leased_until: Date | null;
  fencing_token: bigint | null;
  instance: string | null;
  report: string;
  log_bytes: number;
  order_id: string | null;
  approved_by: string | null;
}

/** Aliases: j (jobs), b (job_batches), n (nodes, outer-joined). */
export function batchTables(sql: Sql): SqlFragment {
  return sql`jobs j join job_batches b using (batch_id) left join nodes n using (node_id)`;
}

export function summaryColumns(sql: Sql): SqlFragment {
  return sql`j.job_id, j.batch_id, j.node_id, n.label, j.owner, j.run, j.kind, j.class, j.state, j.held, j.attempt,
    j.max_attempts, j.scheduled_at, j.created_at, b.created_by, j.started_at, j.ended_at, j.code, j.message, j.progress,
    j.step, j.cancel_wanted is not null and j.ended_at is null as cancelling`;
}

export function detailColumns(sql: Sql): SqlFragment {
  return sql`${summaryColumns(sql)}, j.params, b.selector, j.idempotent, j.deadline, j.leased_until, j.fencing_token,
    j.instance, j.report, j.log_bytes, j.order_id, b.approved_by`;
}

export function toSummary(row: SummaryRow): JobSummary {
  const { run, kind, state, held, attempt, code, message, step, cancelling, owner } = row;
  return {
    ...{ run, kind, class: row.class, state, held, attempt, code, message, step, cancelling, owner },
    jobId: row.job_id,
    batchId: row.batch_id,
    nodeId: row.node_id,
    label: row.label ?? row.node_id,
    maxAttempts: row.max_attempts,
    scheduledAt: row.scheduled_at.getTime(),
    createdAt: row.created_at.getTime(),
    createdBy: row.created_by,
    startedAt: row.started_at?.getTime(),
    endedAt: row.ended_at?.getTime(),
    progress: row.progress ?? undefined,
  };
}

export function toDetail(row: DetailRow): JobDetail {
  return {
    ...toSummary(row),
    params: row.params,
    selector: row.selector,
    idempotent: row.idempotent,
    deadline: row.deadline.getTime(),
    leasedUntil: row.leased_until?.getTime(),
    fencingToken: row.fencing_token === null ? undefined : Number(row.fencing_token),
    instance: row.instance ?? undefined,
    report: row.report,
    logBytes: row.log_bytes,
    orderId: row.order_id ?? undefined,
    approvedBy: row.approved_by ?? undefined,
  };
}
