import { LAST_CANARY_RING } from './ring.ts';
import type { Tally } from './tally.ts';

/**
 * A sequential test by the mixture likelihood ratio (Wald), cut off at the end of a ring. Its two errors as measured, and
 * how these numbers were found: docs/decisions/rollout-gate.md.
 */
export interface SequentialTest {
  /** What is counted: looks at nodes, or their swaps (the first look) alone. */
  readonly of: 'looks' | 'swaps';
  /** Chance of one to fail on a release that is sound: power cuts, full disks, and owners that lie. */
  readonly sound: number;
  /** On one that is not, if it is hardly so. Worse ones are weighed in, lest a ring of eight need a dozen failures. */
  readonly bad: number;
  /** Before the end of a ring, halts where the odds against chance are 1 to this. */
  readonly falseAlarm: number;
  /** At the end of a ring, halts where the evidence (as below) is at least this. */
  readonly limitAtEnd: number;
}

/** Noise is 0.3 %. Liars fall into the first 1 % of nodes by chance only, and hardly any do. */
const CANARY: readonly SequentialTest[] = [
  { of: 'looks', sound: 0.009, bad: 0.03, falseAlarm: 0.005, limitAtEnd: 0 },
];
/** Here one owner in a hundred may lie, at the first look; there are voices enough to ask for more. */
const WIDE: readonly SequentialTest[] = [
  { of: 'looks', sound: 0.013, bad: 0.03, falseAlarm: 0.001, limitAtEnd: 0 },
  { of: 'swaps', sound: 0.013, bad: 0.033, falseAlarm: 0.001, limitAtEnd: 2 },
];

/** Rates of a release that is worse than `bad`, and how much of the mixture each is. */
const WORSE = [0.1, 0.3].map((rate) => ({ rate, weight: 0.05 }));

/** Fewer decide nothing at the end of a ring. */
export const FEWEST_LOOKS = 100;

export interface Evidence {
  readonly of: SequentialTest['of'];
  readonly seen: number;
  readonly failures: number;
  /** Logarithm of how much likelier this is if the release is bad. */
  readonly value: number;
  /** Halts at once. */
  readonly limit: number;
  /** Halts at the end of the ring. */
  readonly limitAtEnd: number;
}

/** By each of the ring's tests, the one that comes nearest to a halt first. */
export function evidenceIn(ring: number, tally: Tally): readonly Evidence[] {
  const tests = ring <= LAST_CANARY_RING ? CANARY : WIDE;
  return tests.map((test) => weighed(test, tally)).sort((a, b) => b.value - b.limit - (a.value - a.limit));
}

function weighed({ of, sound, bad, falseAlarm, limitAtEnd }: SequentialTest, tally: Tally): Evidence {
  const [seen, failures] =
    of === 'looks' ? [tally.looks, tally.failures] : [tally.owners, tally.swapFailures];
  const mixture = [{ rate: bad, weight: 1 - WORSE.reduce((sum, { weight }) => sum + weight, 0) }, ...WORSE];
  const value = logOfSum(
    mixture.map(
      ({ rate, weight }) =>
        Math.log(weight) +
        failures * Math.log(rate / sound) -
        (seen - failures) * Math.log((1 - sound) / (1 - rate)),
    ),
  );
  const limit = Math.log(1 / falseAlarm);
  return { of, seen, failures, value, limit, limitAtEnd: seen >= FEWEST_LOOKS ? limitAtEnd : limit };
}

function logOfSum(logs: readonly number[]): number {
  const largest = Math.max(...logs);
  return largest + Math.log(logs.reduce((sum, one) => sum + Math.exp(one - largest), 0));
}
