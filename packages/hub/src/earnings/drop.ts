import type { Loss } from './cause.ts';
import { type Amount, add, type Waterfall, type WorthHour, waterfallOf } from './waterfall.ts';

/** Why one day earned less, or more, than another: the terms add up to the difference, exactly. */
export interface Comparison {
  /** Units earned now less those earned then. */
  readonly difference: bigint;
  /** Biggest first; what changed nothing is left out. */
  readonly terms: readonly Term[];
}

export interface Term {
  /** `score`: the same minutes were worth another amount; `time`: fewer or more minutes were there to be earned. */
  readonly cause: Loss | 'score' | 'time';
  readonly units: bigint;
  /** More minutes than then went to the cause; fewer where below 0. Of `score` none. */
  readonly minutes: number;
}

/**
 * Both days are made of the same hours of the day, so that a day that is not over is held against as much of the other.
 * Earned = possible - costs, of both; so what possible changed is score and time, and what is left are the costs.
 */
export function compareDays(now: readonly WorthHour[], then: readonly WorthHour[]): Comparison {
  const [a, b] = [waterfallOf(now), waterfallOf(then)];
  const { score, time } = possibleTerms(a.possible, b.possible);
  const costs = a.losses.map(({ cause, units, minutes }, i): Term => {
    const before = b.losses[i]!;
    return { cause, units: before.units - units, minutes: minutes - before.minutes };
  });
  // What cost as many minutes as before costs another amount only by the score.
  const same = costs.filter(({ minutes }) => minutes === 0);
  const scored = { ...score, units: same.reduce((sum, { units }) => sum + units, score.units) };
  const changed = costs.filter(({ minutes }) => minutes !== 0);
  const terms = [scored, time, ...changed].filter(({ units }) => units !== 0n);
  return {
    difference: earned(a).units - earned(b).units,
    terms: terms.sort((one, other) => Number(size(other.units) - size(one.units))),
  };
}

export function earned({ waits, paid }: Waterfall): Amount {
  return add([waits, paid]);
}

/** What as many minutes as before are worth at the score of now, and what the others add. */
function possibleTerms(now: Amount, then: Amount): { score: Term; time: Term } {
  const change = now.units - then.units;
  const minutes = now.minutes - then.minutes;
  // A mean rounds; the other term takes the rest, so that both add up.
  const time = now.minutes === 0 ? -then.units : (now.units * BigInt(minutes)) / BigInt(now.minutes);
  return {
    score: { cause: 'score', units: change - time, minutes: 0 },
    time: { cause: 'time', units: time, minutes },
  };
}

function size(units: bigint): bigint {
  return units < 0n ? -units : units;
}
