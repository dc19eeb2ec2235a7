import { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Task } from '../ticker.ts';
import { BenchmarkIntake, type IntakeDeps } from './intake.ts';
import { Restamp } from './restamp.ts';
import { ScoreDesk } from './score-desk.ts';
import { ScoreReader } from './score-reader.ts';
import { changedSince, type ScoreAt, type ScoreChange, scoresAt } from './score-store.ts';

export type { ScoreDesk } from './score-desk.ts';
export type { NodeScore, ScoreReader, ScoreRun } from './score-reader.ts';
export type { ScoreAt, ScoreChange } from './score-store.ts';

const CHANGES = 10_000;

/** What the gates and the ledger ask: scores as they count in an hour. */
export class Scores {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Nodes without a score are left out. An hour that has ended never changes: what is stamped counts from the next one on. */
  at(hubHour: number, nodeIds: readonly string[]): Promise<ReadonlyMap<string, ScoreAt>> {
    return scoresAt(this.#sql, hubHour, nodeIds);
  }

  /**
   * Every score since the cursor, in the order in which they were stored; 0n begins with the first. Ask again while something
   * comes. One of a later hour comes early: it counts from `hubHour` on.
   */
  changedSince(
    cursor: bigint,
  ): Promise<{ readonly changes: readonly ScoreChange[]; readonly cursor: bigint }> {
    return changedSince(this.#sql, cursor, CHANGES);
  }
}

export interface ScoringDeps extends Pick<IntakeDeps, 'sql' | 'jobs' | 'clock' | 'proofs'> {}

export interface Scoring {
  readonly scores: Scores;
  readonly desk: ScoreDesk;
  readonly reader: ScoreReader;
  readonly restamp: Restamp;
  readonly tasks: readonly Task[];
}

/** ServerScores: made of benchmarks, stored with why, read by the hour. */
export function createScoring({ sql, jobs, clock, proofs }: ScoringDeps): Scoring {
  const onStamped = () => undefined;
  const restamp = new Restamp({ sql, clock, onStamped });
  const intake = new BenchmarkIntake({ sql, jobs, proofs, clock, onStamped });
  return {
    scores: new Scores(sql),
    desk: new ScoreDesk({ sql, audit: new AuditLog({ sql, clock }), clock, onStamped }),
    reader: new ScoreReader({ sql, clock }),
    restamp,
    tasks: [intake, restamp],
  };
}
