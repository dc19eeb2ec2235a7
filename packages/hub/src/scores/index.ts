import type { CryptoSuite, Random } from '@stoa/protocol';
import { AuditLog } from '#audit/index.ts';
import type { JobReader } from '#jobs/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { HttpFeature } from '../http.ts';
import type { Task } from '../ticker.ts';
import { BenchmarkIntake } from './intake.ts';
import { Restamp } from './restamp.ts';
import { ScoreDesk } from './score-desk.ts';
import { ScoreReader } from './score-reader.ts';
import { WorkCheck } from './work-check.ts';
import { WorkDesk, workRoutes } from './work-desk.ts';
import { WorkRetention } from './work-retention.ts';
import { WorkStore } from './work-store.ts';

export type { BaselineTable } from './baseline-store.ts';
export { storePastRuns } from './past-runs.ts';
export { scoreRoutes } from './routes.tsx';
export type { BenchmarkRun, StoredScore } from './run.ts';
export type { ScoreDesk } from './score-desk.ts';
export type { NodeScore, ScoreReader, ScoreRun } from './score-reader.ts';
export { type ScoreAt, type ScoreChange, scoreMissing, type Waiting } from './score-store.ts';
export { Scores } from './scores.ts';

export interface ScoreToolsDeps {
  readonly sql: Sql;
  readonly clock: Pick<Clock, 'now'>;
  /** Nodes whose score changed. */
  readonly onStamped?: (nodeIds: readonly string[]) => void;
}

/** What people do with scores and see of them: of a hub, and of a command beside one. */
export interface ScoreTools {
  readonly desk: ScoreDesk;
  readonly reader: ScoreReader;
  readonly restamp: Restamp;
}

export function createScoreTools({ sql, clock, onStamped = () => undefined }: ScoreToolsDeps): ScoreTools {
  return {
    desk: new ScoreDesk({ sql, audit: new AuditLog({ sql, clock }), clock, onStamped }),
    reader: new ScoreReader({ sql, clock }),
    restamp: new Restamp({ sql, clock, onStamped }),
  };
}

export interface ScoringDeps extends ScoreToolsDeps {
  readonly clock: Clock;
  readonly jobs: Pick<JobReader, 'reports'>;
  readonly random: Random;
  readonly crypto: CryptoSuite;
}

export interface Scoring extends ScoreTools {
  /** What nodes say while they are measured. */
  readonly work: HttpFeature;
  readonly tasks: readonly Task[];
}

/** ServerScores: made of benchmarks, stored with why. */
export function createScoring(deps: ScoringDeps): Scoring {
  const { sql, clock, random, jobs, onStamped = () => undefined } = deps;
  const tools = createScoreTools(deps);
  const store = new WorkStore(sql);
  const desk = new WorkDesk({ ...deps, store, check: new WorkCheck({ random, clock }) });
  return {
    ...tools,
    work: workRoutes(desk),
    tasks: [
      new BenchmarkIntake({ sql, jobs, work: store, clock, onStamped }),
      tools.restamp,
      new WorkRetention({ store, clock }),
    ],
  };
}
