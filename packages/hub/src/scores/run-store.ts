import type { HwType, Measured } from '@stoa/protocol/stoicism';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { storableText } from '../storable.ts';
import type { BenchmarkRun, Decision, RunName } from './run.ts';

type Queries = Sql | TransactionSql;

/** Runs that a node's page shows side by side. */
export const RUNS_KEPT = 3;

/** @returns whether it was not known before. */
export async function addRun(tx: TransactionSql, run: BenchmarkRun): Promise<boolean> {
  const rows = await tx`
    insert into benchmark_runs (job_id, attempt, node_id, ended_at, measured, hw_type, committed_gb, fault)
    values (${run.jobId}, ${run.attempt}, ${run.nodeId}, ${new Date(run.endedAt)},
      ${JSON.stringify(run.measured)}::text::jsonb, ${run.hwType}, ${run.committedGb}, ${storableText(run.fault)})
    on conflict do nothing returning 1`;
  return rows.length === 1;
}

/** All but the newest of the node, and the one that its score is made of. */
export async function dropOldRuns(tx: TransactionSql, nodeId: string): Promise<void> {
  await tx`
    delete from benchmark_runs r where r.node_id = ${nodeId}
      and (r.job_id, r.attempt) not in (
        select job_id, attempt from benchmark_runs where node_id = ${nodeId}
        order by ended_at desc, job_id desc limit ${RUNS_KEPT})
      and (r.job_id, r.attempt) not in (
        select job_id, attempt from scores where node_id = ${nodeId} order by version desc limit 1)`;
}

/** The newest first. */
export async function runsOf(sql: Queries, nodeId: string): Promise<readonly BenchmarkRun[]> {
  const rows = await sql<RunRow[]>`select ${columns(sql)} from benchmark_runs r where r.node_id = ${nodeId}
    order by r.ended_at desc, r.job_id desc`;
  return rows.map(toRun);
}

export async function runNamed(sql: Queries, { jobId, attempt }: RunName): Promise<BenchmarkRun | undefined> {
  const [row] = await sql<RunRow[]>`select ${columns(sql)} from benchmark_runs r
    where r.job_id = ${jobId} and r.attempt = ${attempt}`;
  return row && toRun(row);
}

export async function decideRun(
  tx: TransactionSql,
  { jobId, attempt }: RunName,
  decision: Decision,
): Promise<void> {
  await tx`update benchmark_runs set decision = ${decision.word}, decided_by = ${decision.by},
    decided_at = ${new Date(decision.at)}, decision_reason = ${storableText(decision.reason)}
    where job_id = ${jobId} and attempt = ${attempt}`;
}

/** When the newest run ended that is known, milliseconds since 1970; 0 before the first. */
export async function newestRunAt(sql: Queries): Promise<number> {
  const [row] = await sql<{ at: Date | null }[]>`select max(ended_at) as at from benchmark_runs`;
  return row?.at?.getTime() ?? 0;
}

interface RunRow {
  job_id: string;
  attempt: number;
  node_id: string;
  ended_at: Date;
  measured: Measured;
  hw_type: HwType;
  committed_gb: number;
  fault: string;
  decision: Decision['word'] | null;
  decided_by: string | null;
  decided_at: Date | null;
  decision_reason: string | null;
}

function columns(sql: Queries) {
  return sql`r.job_id, r.attempt, r.node_id, r.ended_at, r.measured, r.hw_type, r.committed_gb, r.fault,
    r.decision, r.decided_by, r.decided_at, r.decision_reason`;
}

function toRun(row: RunRow): BenchmarkRun {
  const { decision: word, decided_by: by, decided_at: at } = row;
  return {
    ...{ jobId: row.job_id, attempt: row.attempt, nodeId: row.node_id, endedAt: row.ended_at.getTime() },
    ...{ measured: row.measured, hwType: row.hw_type, committedGb: row.committed_gb, fault: row.fault },
    decision:
      word === null || by === null || at === null
        ? undefined
        : { word, by, at: at.getTime(), reason: row.decision_reason ?? '' },
  };
}
