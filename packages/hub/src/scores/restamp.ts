import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { nextHour } from '../hub-hour.ts';
import { loadNumber, saveNumber } from '../region-settings.ts';
import type { Task } from '../ticker.ts';
import { newestBaselines } from './baseline-store.ts';
import { runNamed } from './run-store.ts';
import { addScore, lockScores, staleScores } from './score-store.ts';

export interface RestampDeps {
  readonly sql: Sql;
  readonly clock: Pick<Clock, 'now'>;
  readonly onStamped: (nodeIds: readonly string[]) => void;
}

/** The newest table by which all scores were made. */
const DONE = 'scores-restamped';
const PAGE = 200;

/**
 * Makes the scores of all nodes anew from their stored breakdowns once the baselines have changed: nobody runs anything. Goes
 * on where it was cut off, since what is done has the newer table's version.
 */
export class Restamp implements Task {
  readonly name = 'score-restamp';
  readonly periodMs = 60_000;
  readonly #deps: RestampDeps;

  constructor(deps: RestampDeps) {
    this.#deps = deps;
  }

  async tick(): Promise<void> {
    await this.run();
  }

  /** @returns how many nodes were stamped anew. */
  async run(): Promise<number> {
    const { sql, clock, onStamped } = this.#deps;
    const table = await newestBaselines(sql);
    if (((await loadNumber(sql, DONE)) ?? 0) >= table.version) return 0;
    let count = 0;
    let after = '';
    for (;;) {
      const nodeIds = await sql.begin(async (tx) => {
        await lockScores(tx);
        const stale = await staleScores(tx, { baselineVersion: table.version, after, limit: PAGE });
        const now = clock.now();
        const hubHour = Math.max(table.hubHour, nextHour(now));
        for (const score of stale) {
          const run = await runNamed(tx, score);
          if (run !== undefined) await addScore(tx, run, { table, cause: 'baselines', hubHour, now });
        }
        return stale.map(({ nodeId }) => nodeId);
      });
      const last = nodeIds.at(-1);
      if (last === undefined) break;
      after = last;
      count += nodeIds.length;
      onStamped(nodeIds);
    }
    await saveNumber(sql, DONE, table.version);
    return count;
  }
}
