import type { Sql } from '#seams/db-adapter/index.ts';
import { nextHour } from '../hub-hour.ts';
import { baselinesAt } from './baseline-store.ts';
import type { BenchmarkRun } from './run.ts';
import { addRun } from './run-store.ts';
import { addScore, lockScores } from './score-store.ts';

/**
 * Takes over benchmarks that this hub did not see, as of a region that is rehearsed: each counts from the full hour after its
 * end on, so whoever gives them answers for hours that have begun. A run that is known stamps nothing again.
 */
export async function storePastRuns(sql: Sql, runs: readonly BenchmarkRun[]): Promise<void> {
  await sql.begin(async (tx) => {
    await lockScores(tx);
    for (const run of runs) {
      if (!(await addRun(tx, run)) || run.fault !== '') continue;
      const hubHour = nextHour(run.endedAt);
      const table = await baselinesAt(tx, hubHour);
      await addScore(tx, run, { table, cause: 'benchmark', hubHour, now: run.endedAt });
    }
  });
}
