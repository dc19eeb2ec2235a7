import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LEAST_ANSWERS, paceOf, slowed, type Timing } from './pace.ts';

/** Work of each node alone, ms: machines of one kind, give or take. */
const works = fc
  .tuple(
    fc.integer({ min: 12, max: 800 }),
    fc.array(fc.integer({ min: 85, max: 115 }), { minLength: 5, maxLength: 32 }),
  )
  .map(([usual, percents]) => percents.map((percent) => (usual * percent) / 100));

/** A machine that serves all of them, one after another. */
function inTurn(alone: readonly number[]): Timing[] {
  let done = 0;
  return alone.map((aloneMs) => {
    done += aloneMs;
    return { aloneMs, togetherMs: done };
  });
}

/** A machine that serves all of them at once, each the more slowly. */
function atOnce(alone: readonly number[]): Timing[] {
  const sum = alone.reduce((all, each) => all + each, 0);
  return alone.map((aloneMs) => ({ aloneMs, togetherMs: sum }));
}

describe('the pace of a cluster', () => {
  it('is in turn where one disk serves all of it, whatever the order', () => {
    fc.assert(
      fc.property(works, fc.nat(), (alone, seed) => {
        const timings = inTurn(alone);
        const turned = timings.map((_, i) => timings[(i + seed) % timings.length]!);
        expect(paceOf(turned)).toBe('in-turn');
      }),
    );
  });

  it('is shared where one machine serves all of it at once', () => {
    fc.assert(
      fc.property(works, (alone) => {
        expect(paceOf(atOnce(alone))).toBe('shared');
      }),
    );
  });

  it('is apart where each has a machine of its own, also where a few stumble', () => {
    fc.assert(
      fc.property(
        works,
        fc.array(fc.integer({ min: 60, max: 180 }), { minLength: 32, maxLength: 32 }),
        (alone, noise) => {
          const timings = alone.map((aloneMs, i) => ({ aloneMs, togetherMs: (aloneMs * noise[i]!) / 100 }));
          const stumbling = timings.map((one, i) =>
            i === 0 ? { ...one, togetherMs: one.aloneMs * 50 } : one,
          );
          expect([paceOf(timings), paceOf(stumbling)]).toEqual(['apart', 'apart']);
        },
      ),
    );
  });

  it('is not excused by one that says that it is slow alone', () => {
    fc.assert(
      fc.property(works, fc.nat(), fc.integer({ min: 1_000, max: 9_900 }), (alone, seed, slowMs) => {
        const timings = inTurn(alone).map((one, i) =>
          i === seed % alone.length ? { ...one, aloneMs: Math.max(one.aloneMs, slowMs) } : one,
        );
        expect(paceOf(timings)).not.toBe('apart');
      }),
    );
  });

  it('is told by those alone that were held up, not by who was as quick as alone', () => {
    fc.assert(
      fc.property(works, fc.array(fc.integer({ min: 12, max: 800 }), { maxLength: 4 }), (alone, others) => {
        const bystanders = others.map((ms) => ({ aloneMs: ms, togetherMs: ms * 1.8 }));
        const named = slowed([...inTurn(alone), ...bystanders]);
        expect(named.filter((one) => bystanders.includes(one))).toEqual([]);
        if (others.length === 0) expect(named.length).toBeGreaterThanOrEqual(alone.length - 2);
      }),
    );
  });

  it('is unclear of few nodes, and of work that is too quick to be seen', () => {
    const some = inTurn([50, 50, 50, 50]);
    expect(paceOf(some.slice(0, LEAST_ANSWERS - 1))).toBe('unclear');
    expect(paceOf(inTurn([5, 5, 5, 5, 5, 5]))).toBe('unclear');
    expect(paceOf([])).toBe('unclear');
  });
});
