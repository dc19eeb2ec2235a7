import fc from 'fast-check';
import { expect, it } from 'vitest';
import { standingAfter, standingBefore } from './standings.ts';
import type { StoredWord } from './word-store.ts';

const HOUR = 494_000;
const FIRST = HOUR * 60;
const ARGV = 5;

/** Judged in all minutes but those of the gap; failing argv in those before it. */
function wordAround(from: number, until: number): StoredWord {
  const before = (1n << BigInt(from)) - 1n;
  const judged = before | (((1n << 60n) - 1n) & ~((1n << BigInt(until)) - 1n));
  return {
    ...{ nodeId: 'n', epoch: 1, sessionId: '', bootId: '', instanceId: 'a', hubHour: HOUR, judged },
    failures: Array.from({ length: 7 }, (_, gate) => (gate === ARGV ? before : 0n)),
  };
}

it('a node that failed before a gap is not told to have stood otherwise, however short the gap', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 12 }), (from, length) => {
      const gap = { from: FIRST + from, until: FIRST + from + length };
      const words = [wordAround(from, from + length)];
      expect(standingBefore(gap, words)?.is).toBe('failing');
      expect(standingAfter(gap, words)?.is).toBe('eligible');
      const came = [wordAround(0, from + length)];
      expect(standingBefore(gap, came)).toBeUndefined();
    }),
  );
});
