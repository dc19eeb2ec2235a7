/** How long a node's machine worked for a challenge, ms beyond the round trip: asked alone, and together with its cluster. */
export interface Timing {
  readonly aloneMs: number;
  readonly togetherMs: number;
}

/**
 * - apart: each was as quick as alone
 * - in-turn: as slow as all of them one after another, and told one after another
 * - shared: as slow as all of them one after another, and told together
 * - unclear: too few answers, or too quick ones, to tell apart from what the net does
 */
export type Pace = 'apart' | 'in-turn' | 'shared' | 'unclear';

/** Below it two machines that differ look like one that is shared. */
export const LEAST_ANSWERS = 4;
/** Work that the jitter of a round trip does not hide. */
const LEAST_WORK_MS = 10;

/**
 * Whether nodes that were asked at once look like one machine. Whoever serves all of them needs the sum of what each needs alone,
 * in whatever order, so the last is told at about that sum and the one in the middle at no less than some share of it.
 * Independent machines take as long as alone, however many they are.
 */
export function paceOf(timings: readonly Timing[]): Pace {
  const alone = sorted(timings.map(({ aloneMs }) => aloneMs));
  const together = sorted(timings.map(({ togetherMs }) => togetherMs));
  const usual = middle(alone);
  if (timings.length < LEAST_ANSWERS || usual < LEAST_WORK_MS) return 'unclear';
  // One that says it is slow alone would excuse all others.
  const sum = alone.slice(0, -1).reduce((all, each) => all + each, usual);
  const isOne = together.at(-1)! >= 0.6 * sum && middle(together) >= Math.max(0.4 * sum, 2 * usual);
  if (!isOne) return 'apart';
  const gaps = together.slice(1).map((at, i) => at - together[i]!);
  const wide = gaps.filter((gap) => gap >= 0.4 * usual).length;
  return wide * 3 >= gaps.length * 2 ? 'in-turn' : 'shared';
}

/** Those whose own times tell it, where a cluster looks like one machine: whoever was as quick as alone was not held up by it. */
export function slowed<T extends Timing>(timings: readonly T[]): T[] {
  const usual = middle(sorted(timings.map(({ aloneMs }) => aloneMs)));
  return timings.filter(({ aloneMs, togetherMs }) => togetherMs >= 2 * Math.max(aloneMs, usual));
}

function sorted(values: readonly number[]): number[] {
  return values.toSorted((a, b) => a - b);
}

/** The lower one of two. */
function middle(values: readonly number[]): number {
  return values[(values.length - 1) >> 1] ?? 0;
}
