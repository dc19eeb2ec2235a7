import { type ServerScore, serverScore } from '@stoa/protocol/stoicism';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { nextHour } from '../hub-hour.ts';
import { type BaselineTable, baselinesAt, listBaselines } from './baseline-store.ts';
import type { BenchmarkRun, StoredScore } from './run.ts';
import { RUNS_KEPT, runsOf } from './run-store.ts';
import { scoresOf, type Waiting, waitingForReview } from './score-store.ts';

/** A run beside what it is worth by the baselines of the next hour. */
export interface ScoreRun extends BenchmarkRun {
  /** Undefined where it can't be scored. */
  readonly score: ServerScore | undefined;
}

export interface NodeScore {
  /** Versions, the newest first. */
  readonly history: readonly StoredScore[];
  /** The newest first, at most three and the one that the score is made of. */
  readonly runs: readonly ScoreRun[];
  readonly table: BaselineTable;
}

const HISTORY = 20;
const WAITING = 100;

/** What pages, commands and programs see of scores. Ask first whether the viewer may see the node. */
export class ScoreReader {
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
  }

  async node(nodeId: string): Promise<NodeScore> {
    const [history, runs, table] = await Promise.all([
      scoresOf(this.#sql, nodeId, HISTORY),
      runsOf(this.#sql, nodeId),
      baselinesAt(this.#sql, nextHour(this.#clock.now())),
    ]);
    return { history, table, runs: runs.slice(0, RUNS_KEPT + 1).map((run) => scored(run, table)) };
  }

  /** For admins: what the caps hold back. */
  waiting(): Promise<readonly Waiting[]> {
    return waitingForReview(this.#sql, WAITING);
  }

  /** The newest first. */
  baselines(): Promise<readonly BaselineTable[]> {
    return listBaselines(this.#sql);
  }
}

function scored(run: BenchmarkRun, table: BaselineTable): ScoreRun {
  if (run.fault !== '') return { ...run, score: undefined };
  const limits = run.decision?.word === 'accepted' ? 'reviewed' : 'policy';
  return { ...run, score: serverScore(run.measured, table.baselines, run.hwType, limits) };
}
