import { type Proofs, provenBy, readBenchmark, ScoreError } from '@stoa/protocol/stoicism';
import type { JobReader, JobReport } from '#jobs/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { nextHour } from '../hub-hour.ts';
import type { Task } from '../ticker.ts';
import { baselinesAt } from './baseline-store.ts';
import type { BenchmarkRun } from './run.ts';
import { addRun, dropOldRuns, newestRunAt } from './run-store.ts';
import { addScore, lockScores } from './score-store.ts';
import type { WorkStore } from './work-store.ts';

export interface IntakeDeps {
  readonly sql: Sql;
  readonly jobs: Pick<JobReader, 'reports'>;
  /** What the hub's clock and its samples say of a run. */
  readonly work: Pick<WorkStore, 'proofs' | 'isWaiting'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Nodes whose score changed. */
  readonly onStamped: (nodeIds: readonly string[]) => void;
}

/** Results are stamped with the clock of the instance that took them, and committed a moment later. */
const OVERLAP_MS = 10 * 60_000;
/** From the end of a job on, for its answers to be looked at; within the overlap, so that it is found again. */
const LOOKED_AT_MS = 5 * 60_000;
const PAGE = 100;

/**
 * Makes scores of benchmarks whose result is stored: the hook of jobs and the recovery are one. Known by job and attempt, so
 * that no result counts twice, whichever instances look. Only what succeeded stamps.
 */
export class BenchmarkIntake implements Task {
  readonly name = 'benchmark-intake';
  readonly periodMs = 20_000;
  readonly #deps: IntakeDeps;
  #since: number | undefined;

  constructor(deps: IntakeDeps) {
    this.#deps = deps;
  }

  async tick(): Promise<void> {
    const { sql, jobs, clock, onStamped } = this.#deps;
    const now = clock.now();
    const since = this.#since ?? (await newestRunAt(sql));
    const stamped: string[] = [];
    let after: JobReport | undefined;
    do {
      const page = await jobs.reports('benchmark-node', { since: since - OVERLAP_MS, after, limit: PAGE });
      for (const report of page) if (await this.#take(report)) stamped.push(report.nodeId);
      after = page.length < PAGE ? undefined : page.at(-1);
    } while (after !== undefined);
    this.#since = now;
    if (stamped.length > 0) onStamped(stamped);
  }

  async #take(report: JobReport): Promise<boolean> {
    const { sql, clock, work } = this.#deps;
    const isFresh = clock.now() - report.endedAt < LOOKED_AT_MS;
    if (isFresh && (await work.isWaiting(report))) return false;
    const run = runOf(report, await work.proofs(report));
    return sql.begin(async (tx) => {
      if (!(await addRun(tx, run))) return false;
      if (run.fault === '') {
        await lockScores(tx);
        const now = clock.now();
        const hubHour = nextHour(now);
        await addScore(tx, run, { table: await baselinesAt(tx, hubHour), cause: 'benchmark', hubHour, now });
      }
      await dropOldRuns(tx, run.nodeId);
      return true;
    });
  }
}

/** What can't be scored is kept too, with why: its operator must see it. */
export function runOf(report: JobReport, proofs: Proofs): BenchmarkRun {
  const { jobId, attempt, nodeId, endedAt } = report;
  const name = { jobId, attempt, nodeId, endedAt, decision: undefined };
  try {
    const { claimed, hwType, committedGb } = readBenchmark(figuresOf(report.report));
    return { ...name, measured: provenBy(claimed, proofs), hwType, committedGb, fault: '' };
  } catch (error) {
    if (!(error instanceof ScoreError)) throw error;
    return { ...name, measured: {}, hwType: 'container', committedGb: 0, fault: error.message };
  }
}

/** Of a signed result, which may say anything. */
function figuresOf(report: string): Readonly<Record<string, unknown>> {
  try {
    const figures: unknown = JSON.parse(report);
    if (typeof figures === 'object' && figures !== null && !Array.isArray(figures))
      return figures as Record<string, unknown>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ScoreError('bad_measure', 'the report of the benchmark is no object of figures; measure again');
}
