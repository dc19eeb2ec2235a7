import { randomUUID } from 'node:crypto';
import { type Proofs, partOf, WORK_PARTS } from '@stoa/protocol/stoicism';
import { NodeAccess } from '#accounts/index.ts';
import { JobReader } from '#jobs/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { createScoreTools } from './index.ts';
import { BenchmarkIntake } from './intake.ts';
import { Scores } from './scores.ts';

/** Of a machine that has every baseline of the published table. */
export const AT_BASELINES = {
  ...{ cpuSingle: 5_000, cpuMulti: 5_000, ipc: 1.5, blake2sMbPerSecond: 600, secp256k1PerSecond: 30_000 },
  ...{ ed25519PerSecond: 25_000, pactProxyPerSecond: 1_000, hashVerifyPerSecond: 4_000 },
  ...{ memoryMb: 8_000, memoryMbPerSecond: 8_000, randomReadIops: 20_000, randomWriteIops: 20_000 },
  ...{ sequentialReadMbPerSecond: 500, sequentialWriteMbPerSecond: 500, direct: true },
  ...{ downloadMbitPerSecond: 500, jitterMs: 5, loss: 0, committedGb: 1_000, hw: 'vps' },
};

/** The hub's clock allows everything. */
export const ALL_PROVEN: Proofs = Object.fromEntries(WORK_PARTS.map((name) => [name, partOf(name).most]));

export interface BenchmarkJob {
  readonly nodeId: string;
  readonly endedAt: number;
  readonly report?: unknown;
  readonly state?: string;
  readonly kind?: string;
}

/** As the jobs' side stores what an agent reported. @returns its id. */
export async function storeBenchmark(sql: Sql, job: BenchmarkJob): Promise<string> {
  const { nodeId, report = AT_BASELINES, state = 'succeeded', kind = 'benchmark-node' } = job;
  const jobId = randomUUID();
  const text = typeof report === 'string' ? report : JSON.stringify(report);
  await sql`insert into jobs (job_id, batch_id, node_id, owner, run, kind, class, mutating, idempotent, params, state,
      max_attempts, attempt, scheduled_at, deadline, created_at, ended_at, report)
    values (${jobId}, gen_random_uuid(), ${nodeId}, 'ann@x.example', 'agent', ${kind}, 'disruptive', true, false, '{}',
      ${state}, 1, 1, now(), now(), now(), ${new Date(job.endedAt)}, ${text})`;
  return jobId;
}

/** @param by.proofs what the hub's clock says of every run. @param by.isWaiting whether answers wait to be looked at. */
export function scoringOf(
  sql: Sql,
  clock: { now(): number },
  { proofs = ALL_PROVEN, isWaiting = () => false }: { proofs?: Proofs; isWaiting?: () => boolean } = {},
) {
  const jobs = new JobReader({ sql, access: new NodeAccess({ sql }) });
  return {
    ...createScoreTools({ sql, clock }),
    scores: new Scores(sql),
    intake: new BenchmarkIntake({
      ...{ sql, jobs, clock },
      work: { proofs: async () => proofs, isWaiting: async () => isWaiting() },
      onStamped: () => undefined,
    }),
  };
}
