import type { Operator } from './ast.ts';
import { didYouMean } from './nearest.ts';

/** What a term says of one thing: by the plain function, and to the database; both the same for every row. */
export interface Test<Facts, Context, Query> {
  matches(facts: Facts, context: Context): boolean;
  /** Two-valued: true or false, never null. */
  sql(context: Context): Query;
  /**
   * What follows from `sql` by columns that have an index and may lag behind: narrows a search, and is left out where
   * nothing may be missed.
   */
  hint?(context: Context): Query | undefined;
  /** Whether `hint` says all that `sql` does, but for its delay: enough to count by. */
  readonly hintIsWhole?: boolean;
  /** What follows so from its negation. */
  hintNot?(context: Context): Query | undefined;
}

/** One field of the language: the parser, the help, the typeahead and both compilers read this and nothing else. */
export interface Field<Facts, Context, Query> {
  readonly name: string;
  /** One line, for the help. */
  readonly doc: string;
  /** What a value looks like: `a number`, `a duration (30s, 5m, 2h, 3d, 1w)`. */
  readonly expects: string;
  readonly example: string;
  readonly operators: readonly Operator[];
  /** Values that are offered while typing; what the data holds is offered beside them. */
  readonly words: readonly string[];
  /** @throws {BadValue} */
  read(operator: Operator, value: string): Test<Facts, Context, Query>;
}

/** A value that a field can't take; the parser adds the column. */
export class BadValue extends Error {
  override readonly name = 'BadValue';
}

export const EQUALS: readonly Operator[] = [':'];
export const ORDERED: readonly Operator[] = [':', '<', '<=', '>', '>='];

/** Values beside the usual ones, as written in a message. */
export function badWord(value: string, words: readonly string[]): BadValue {
  return new BadValue(
    `'${shown(value)}' is not one of ${words.join(', ')}${didYouMean(value, words) || '.'}`,
  );
}

export function shown(value: string): string {
  return value.length > 40 ? `${value.slice(0, 40)}…` : value;
}

export function compare(operator: Operator, a: number, b: number): boolean {
  switch (operator) {
    case ':':
      return a === b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
  }
}

const UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const MAX_DURATION = 10 * 366 * 86_400_000;
export const DURATION = 'a duration (30s, 5m, 2h, 3d, 1w)';

/** @returns milliseconds. @throws {BadValue} */
export function readDuration(value: string): number {
  const [, count, unit] = /^(\d{1,9})([a-z]+)$/.exec(value.toLowerCase()) ?? [];
  const ms = Number(count) * (UNITS[unit ?? ''] ?? Number.NaN);
  if (ms <= MAX_DURATION) return ms;
  throw new BadValue(`'${shown(value)}' is no duration of at most ten years: ${DURATION} is expected.`);
}

/** @throws {BadValue} */
export function readWhole(value: string, most: number): number {
  const read = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
  if (read <= most) return read;
  throw new BadValue(`'${shown(value)}' is no whole number from 0 to ${most}.`);
}
