import { type Baselines, requireBaselines, ScoreError } from '@stoa/protocol/stoicism';
import { requireFresh } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { HttpError, notFound } from '../http-error.ts';
import { nextHour } from '../hub-hour.ts';
import { isAtLeast, type Viewer } from '../viewer.ts';
import { addBaselines, baselinesAt, newestBaselines } from './baseline-store.ts';
import type { Decision, StoredScore } from './run.ts';
import { decideRun, runNamed } from './run-store.ts';
import { addScore, lockScores, scoresOf } from './score-store.ts';

export interface ScoreDeskDeps {
  readonly sql: Sql;
  readonly audit: Pick<AuditLog, 'appendIn'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly onStamped: (nodeIds: readonly string[]) => void;
}

/** What an Ancient Admin decides of scores. Each act stands in the audit log exactly if it is done. */
export class ScoreDesk {
  readonly #deps: ScoreDeskDeps;

  constructor(deps: ScoreDeskDeps) {
    this.#deps = deps;
  }

  /**
   * Whether figures above the caps count. Accepting stamps from the next full hour; refusing leaves the score as it is.
   * @param by.version of the score that was looked at.
   * @throws {HttpError} `not_found`, `nothing_to_review`, `confirm_first`
   */
  async review(
    viewer: Viewer,
    node: { readonly nodeId: string; readonly owner: string },
    by: { readonly version: number; readonly word: Decision['word']; readonly reason: string },
  ): Promise<StoredScore> {
    this.#requireAdmin(viewer);
    const { sql, audit, clock, onStamped } = this.#deps;
    const done = await sql.begin(async (tx) => {
      await lockScores(tx);
      const [score] = await scoresOf(tx, node.nodeId, 1);
      const run = score && (await runNamed(tx, score));
      if (score?.version !== by.version || run === undefined || run.decision !== undefined)
        throw new HttpError(
          409,
          'nothing_to_review',
          `Score ${by.version} of this node waits for no review.`,
          {
            fix: 'Look at the node again: it was measured, stamped or reviewed since.',
          },
        );
      if (score.reviewMicro <= score.micro)
        throw new HttpError(409, 'nothing_to_review', 'The caps hold nothing of this score back.', {
          fix: 'There is nothing to decide.',
        });
      const now = clock.now();
      const decision = { word: by.word, by: viewer.email, at: now, reason: by.reason };
      await audit.appendIn(tx, {
        ...{ actor: viewer.email, act: by.word === 'accepted' ? 'score.accept' : 'score.refuse' },
        ...{ subject: node.nodeId, owner: node.owner },
        detail: { job: run.jobId, from: score.micro, to: score.reviewMicro, reason: by.reason },
      });
      await decideRun(tx, run, decision);
      if (by.word === 'refused') return score;
      const hubHour = nextHour(now);
      const table = await baselinesAt(tx, hubHour);
      return addScore(tx, { ...run, decision }, { table, cause: 'review', hubHour, now });
    });
    onStamped([node.nodeId]);
    return done;
  }

  /**
   * Baselines from the next full hour on; all scores are made anew from what is stored.
   * @param changes thousandths by part; the others stay.
   * @throws {HttpError} `bad_baseline`, `confirm_first`
   * @returns the version of the new table.
   */
  async changeBaselines(
    viewer: Viewer,
    by: { readonly changes: Readonly<Record<string, number>>; readonly reason: string },
  ): Promise<number> {
    this.#requireAdmin(viewer);
    const { sql, audit, clock } = this.#deps;
    return sql.begin(async (tx) => {
      await lockScores(tx);
      const before = await newestBaselines(tx);
      const baselines = checked({ ...before.baselines, ...by.changes });
      const now = clock.now();
      const hubHour = nextHour(now);
      await audit.appendIn(tx, {
        ...{ actor: viewer.email, act: 'score.baselines', subject: `version ${before.version + 1}` },
        detail: { ...by.changes, reason: by.reason, hubHour },
      });
      const { email: setBy } = viewer;
      return addBaselines(tx, { hubHour, baselines, setBy, setAt: now, reason: by.reason });
    });
  }

  #requireAdmin(viewer: Viewer): void {
    if (!isAtLeast(viewer, 'ancient')) throw notFound('This');
    requireFresh(viewer, this.#deps.clock.now());
  }
}

function checked(table: Readonly<Record<string, number>>): Baselines {
  try {
    return requireBaselines(table);
  } catch (cause) {
    if (!(cause instanceof ScoreError)) throw cause;
    throw new HttpError(422, cause.code, `${cause.message}.`, {
      fix: 'Name parts and baselines as the table of this page does.',
      cause,
    });
  }
}
