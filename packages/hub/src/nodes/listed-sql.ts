import type { Sql } from '#seams/db-adapter/index.ts';
import type { SqlFragment } from './state-sql.ts';

/*
 * Expressions that have an index. A query uses the index only where it repeats the expression to the letter, so schema
 * and fields take it from here.
 */

export const FOLDED_LABEL = `translate(label, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz') collate "C"`;
/** `array_to_tsvector` refuses empty texts and nulls. */
export const TAG_WORDS = `array_to_tsvector(array_remove(array_remove(tags, ''), null))`;
/** Bounds of the classes of `listed_lag`: class 1 begins at 4 blocks, the next is twice as far. */
export const LAG_CLASSES: readonly number[] = Array.from({ length: 13 }, (_, i) => 4 << i);

export function foldSql(sql: Sql): SqlFragment {
  return sql`${sql.unsafe(FOLDED_LABEL.replace('label', 'n.label'))}`;
}

/** 0 for what counts as at the tip, -1 where it is not known. */
export function lagClass(lag: number | undefined): number {
  return lag === undefined ? -1 : LAG_CLASSES.filter((bound) => lag >= bound).length;
}

/** `lagClass` of `node_status.lag`. */
export function lagClassSql(sql: Sql): SqlFragment {
  return sql`coalesce(width_bucket(s.lag::int, '{${sql.unsafe(LAG_CLASSES.join(','))}}'::int[]), -1)`;
}
