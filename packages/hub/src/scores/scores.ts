import type { Sql } from '#seams/db-adapter/index.ts';
import {
  changedSince,
  newestSeq,
  type ScoreAt,
  type ScoreChange,
  scoresAt,
  scoresOver,
  scoresWithin,
} from './score-store.ts';

const CHANGES = 10_000;

/** What the gates and the ledger ask: scores as they count in an hour. */
export class Scores {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Nodes without a score are left out. An hour that has begun never changes: what is stamped counts from the next one on. */
  at(hubHour: number, nodeIds: readonly string[]): Promise<ReadonlyMap<string, ScoreAt>> {
    return scoresAt(this.#sql, hubHour, nodeIds);
  }

  /** As `at`, of all nodes whose ids lie in a span, both ends with it: what an hour is closed by. */
  within(
    hubHour: number,
    span: { readonly first: string; readonly last: string },
  ): Promise<ReadonlyMap<string, ScoreAt>> {
    return scoresWithin(this.#sql, hubHour, span);
  }

  /** One node's scores hour by hour, `until` exclusive; hours without one are left out. */
  over(
    nodeId: string,
    hours: { readonly from: number; readonly until: number },
  ): Promise<ReadonlyMap<number, { readonly micro: number; readonly version: number }>> {
    return scoresOver(this.#sql, nodeId, hours);
  }

  /**
   * Every score since the cursor, in the order in which they were stored. Ask again while something comes. One of a later hour
   * comes early: it counts from `hubHour` on.
   * @param cursor what the call before returned; undefined: behind all that there are, none of which is told.
   */
  async changedSince(
    cursor: bigint | undefined,
  ): Promise<{ readonly changes: readonly ScoreChange[]; readonly cursor: bigint }> {
    if (cursor === undefined) return { changes: [], cursor: await newestSeq(this.#sql) };
    return changedSince(this.#sql, cursor, CHANGES);
  }
}
