import { MINUTES_MASK } from '@stoa/protocol';
import { countMinutes, hourOf, wordPoints } from '@stoa/protocol/stoicism';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CAUSES } from './cause.ts';
import { compareDays, earned } from './drop.ts';
import { add, runsOf, splitHour, type WorthHour, waterfallOf } from './waterfall.ts';

const word = fc.bigInt(0n, MINUTES_MASK);
/** Hours as evidence makes them: nothing here is a shape that the rules cannot give. */
const worthHour: fc.Arbitrary<WorthHour> = fc
  .record({
    words: fc.array(
      fc.record({
        epoch: fc.nat(3),
        sessionId: fc.constant(undefined),
        acknowledged: word,
        judged: word,
        failures: fc.array(word, { minLength: 7, maxLength: 7 }),
      }),
      { maxLength: 3 },
    ),
    told: fc.option(word, { nil: undefined }),
    gaps: fc.array(fc.record({ minutes: word, warming: fc.boolean() }), { maxLength: 2 }),
    elapsed: word,
    micro: fc.nat(5_000_000),
  })
  .map(({ words, told, gaps, elapsed, micro }) => ({
    hubHour: 494_000,
    hour: hourOf({
      words,
      gaps,
      checkpoint: told === undefined ? undefined : { minutes: told, sessionIds: [] },
    }),
    ...{ elapsed, micro, open: false },
  }));

const MINUTE = wordPoints(1n, 1_000_000);
const bits = (from: number, until: number) => (1n << BigInt(until)) - (1n << BigInt(from));

/** All gates passed, but for what is named. */
function hour(failed: Partial<Record<number, bigint>> = {}, acknowledged = MINUTES_MASK): WorthHour {
  const failures = Array.from({ length: 7 }, (_, gate) => failed[gate] ?? 0n);
  const words = [{ epoch: 1, sessionId: undefined, acknowledged, judged: acknowledged, failures }];
  const checkpoint = { minutes: acknowledged, sessionIds: [] };
  return {
    ...{ hubHour: 494_000, elapsed: MINUTES_MASK, micro: 1_000_000, open: false },
    hour: hourOf({ words, checkpoint, gaps: [] }),
  };
}

describe('the waterfall', () => {
  it('has each minute go one way, and what is paid and waits be what the ledger pays', () => {
    fc.assert(
      fc.property(worthHour, (one) => {
        const by = splitHour(one);
        expect(CAUSES.reduce((all, cause) => all | by[cause], 0n)).toBe(one.elapsed);
        expect(CAUSES.reduce((sum, cause) => sum + countMinutes(by[cause]), 0)).toBe(
          countMinutes(one.elapsed),
        );
        expect(by.paid).toBe(one.hour.paid & one.elapsed);
        expect(by.waits).toBe(one.hour.pending & one.elapsed);
        const runs = runsOf(by, one.hour.gap);
        expect(runs.reduce((sum, { from, until }) => sum + until - from, 0)).toBe(countMinutes(one.elapsed));
      }),
    );
  });

  it('adds up to what was possible', () => {
    fc.assert(
      fc.property(fc.array(worthHour, { maxLength: 5 }), (hours) => {
        const { possible, losses, waits, paid } = waterfallOf(hours);
        expect(add([...losses, waits, paid])).toEqual(possible);
        for (const { minutes, alone } of losses) expect(alone.minutes).toBeLessThanOrEqual(minutes);
      }),
    );
  });

  it('charges a minute to the first gate that failed, and says what each cost by itself', () => {
    const { losses, paid, waits } = waterfallOf([
      hour({ 2: bits(0, 20), 6: bits(10, 30), 3: bits(0, 40) }, bits(0, 50)),
    ]);
    const cost = Object.fromEntries(
      losses.map(({ cause, minutes, alone }) => [cause, [minutes, alone.minutes]]),
    );
    expect(cost).toMatchObject({ away: [10, 0], tip: [20, 10], serving: [10, 10], argv: [0, 0] });
    expect([waits.minutes, paid.minutes]).toEqual([10, 10]);
    expect(paid.units).toBe(10n * MINUTE);
  });
});

describe('why a day earned less', () => {
  it('is told by terms that add up to the difference', () => {
    const day = fc.array(worthHour, { maxLength: 4 });
    fc.assert(
      fc.property(day, day, (now, then) => {
        const { difference, terms } = compareDays(now, then);
        expect(difference).toBe(earned(waterfallOf(now)).units - earned(waterfallOf(then)).units);
        expect(terms.reduce((sum, { units }) => sum + units, 0n)).toBe(difference);
      }),
    );
  });

  it('names a gate by its minutes, and a score that fell by what it took', () => {
    const then = [hour(), hour()];
    expect(compareDays([hour(), hour({ 2: bits(0, 15) })], then)).toEqual({
      difference: -15n * MINUTE,
      terms: [{ cause: 'tip', units: -15n * MINUTE, minutes: 15 }],
    });
    const halved = then.map((one) => ({ ...one, micro: 500_000 }));
    expect(compareDays(halved, then)).toEqual({
      difference: -60n * MINUTE,
      terms: [{ cause: 'score', units: -60n * MINUTE, minutes: 0 }],
    });
    expect(compareDays([hour()], then).terms).toEqual([
      { cause: 'time', units: -60n * MINUTE, minutes: -60 },
    ]);
  });
});
