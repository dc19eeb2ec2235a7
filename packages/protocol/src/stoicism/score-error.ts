import { type Baselines, isPartName, PART_NAMES, type PartName, partOf } from './parts.ts';

export type ScoreErrorCode = 'bad_measure' | 'bad_baseline';

/** Figures that nobody may score by. */
export class ScoreError extends Error {
  override readonly name = 'ScoreError';
  readonly code: ScoreErrorCode;
  readonly retry = false;

  constructor(code: ScoreErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** @throws ScoreError unless a whole number of thousandths that a machine can have. */
export function requireValue(name: PartName, value: number): void {
  const { most, title, unit } = partOf(name);
  if (!Number.isSafeInteger(value) || value < 0 || value > most)
    throw new ScoreError(
      'bad_measure',
      `'${name}' (${title}) is ${value / 1_000} ${unit}: from 0 to ${most / 1_000} is expected; measure again`,
    );
}

/** @throws ScoreError */
export function requireBaseline(name: PartName, baseline: number): void {
  const { rule, least, most } = partOf(name);
  // Nothing is divided by it where less is better, so it may be 0 there, and must stay better than what earns nothing.
  const [lowest, highest] = rule === 'less' ? [0, least! - 1] : [Math.max(1, least ?? 0), most];
  if (!Number.isSafeInteger(baseline) || baseline < lowest || baseline > highest)
    throw new ScoreError(
      'bad_baseline',
      `the baseline of '${name}' is ${baseline / 1_000}: from ${lowest / 1_000} to ${highest / 1_000} is expected`,
    );
}

/** A table with exactly one baseline a part. @throws ScoreError */
export function requireBaselines(table: Readonly<Record<string, number>>): Baselines {
  for (const name of Object.keys(table))
    if (!isPartName(name))
      throw new ScoreError('bad_baseline', `'${name}' is no part: ${PART_NAMES.join(', ')} are`);
  for (const name of PART_NAMES) requireBaseline(name, table[name] ?? Number.NaN);
  return table as Baselines;
}

/** A figure as it is reported, in thousandths. @throws ScoreError for what is no number, negative or absurd. */
export function thousandths(name: PartName, figure: unknown): number {
  const value = typeof figure === 'number' ? Math.round(figure * 1_000) : Number.NaN;
  if (!Number.isSafeInteger(value))
    throw new ScoreError(
      'bad_measure',
      `'${name}' is ${String(JSON.stringify(figure))}: a number from 0 to ${partOf(name).most / 1_000} is expected; measure again`,
    );
  requireValue(name, value);
  return value;
}
