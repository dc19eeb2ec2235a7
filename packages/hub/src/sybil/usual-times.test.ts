import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsualTimes } from './usual-times.ts';

const DAY = 24 * 3_600_000;

describe('what a node takes by itself', () => {
  it('is the least of a week, alone or with others', () => {
    const took = fc.record({
      after: fc.integer({ min: 1, max: 3 * DAY }),
      ms: fc.integer({ min: 50, max: 900 }),
      isAlone: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(took, { maxLength: 30 }), (all) => {
        const times = new UsualTimes();
        times.alone('n', 0, 20, 500);
        const taken = [{ at: 0, ms: 500 }];
        let at = 0;
        for (const { after, ms, isAlone } of all) {
          at += after;
          taken.push({ at, ms });
          if (isAlone) times.alone('n', at, 20, ms);
          else times.together('n', at, ms);
          const week = taken.filter((one) => one.at > at - 7 * DAY);
          expect(times.of('n')!.aloneMs).toBe(Math.min(...week.map((one) => one.ms)) - 20);
        }
      }),
    );
  });

  it('is unknown after a day, and nothing where it could not answer', () => {
    const times = new UsualTimes();
    times.alone('n', 0, 20, 500);
    expect([times.isKnown('n', DAY - 1), times.isKnown('n', DAY), times.isKnown('m', 0)]).toEqual([
      ...[true, false, false],
    ]);
    times.unable('n', DAY);
    expect([times.isKnown('n', DAY), times.of('n')]).toEqual([true, undefined]);
    times.alone('n', 2 * DAY, 20, 900);
    expect(times.of('n')).toEqual({ rttMs: 20, aloneMs: 480 });
    times.forgetBefore(10 * DAY);
    expect(times.of('n')).toBeUndefined();
  });
});
