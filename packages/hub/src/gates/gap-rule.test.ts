import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DAY_ALLOWANCE_MINUTES,
  dayOf,
  type GrantedSpan,
  grantedSpans,
  takenBy,
  UNCOUNTED_MINUTES,
} from './gap-rule.ts';

const DAY = 20_000 * 1_440;
const nothing = () => 0;

describe('F03 what a hub grants by rule', () => {
  it('is an outage of two hours, with the minutes not stored before it and those of the return', () => {
    const outage = { from: DAY + 595, downFrom: DAY + 600, downUntil: DAY + 720, until: DAY + 732 };
    expect(grantedSpans(outage, nothing)).toEqual([{ from: DAY + 595, until: DAY + 732, counted: 120 }]);
  });

  it('is the first two hours of a longer one: the rest takes an act', () => {
    const outage = { from: DAY + 595, downFrom: DAY + 600, downUntil: DAY + 900, until: DAY + 912 };
    expect(grantedSpans(outage, nothing)).toEqual([{ from: DAY + 595, until: DAY + 720, counted: 120 }]);
    expect(grantedSpans(outage, () => 100)).toEqual([{ from: DAY + 595, until: DAY + 620, counted: 20 }]);
    expect(grantedSpans(outage, () => 120)).toEqual([]);
  });

  it('is counted by the day', () => {
    const outage = { from: DAY + 1_299, downFrom: DAY + 1_300, downUntil: DAY + 1_500, until: DAY + 1_510 };
    expect(grantedSpans(outage, nothing)).toEqual([
      { from: DAY + 1_299, until: DAY + 1_420, counted: 120 },
      { from: DAY + 1_440, until: DAY + 1_510, counted: 60 },
    ]);
  });

  it('is of a day no more than three hours, however often a hub restarts', () => {
    const spans: GrantedSpan[] = [];
    for (let start = DAY; start < DAY + 1_400; start += 18) {
      const outage = { from: start, downFrom: start + 6, downUntil: start + 6, until: start + 18 };
      spans.push(...grantedSpans(outage, () => takenBy(spans, UNCOUNTED_MINUTES)));
    }
    const granted = spans.reduce((sum, span) => sum + span.until - span.from, 0);
    expect(granted).toBeGreaterThan(3 * UNCOUNTED_MINUTES);
    expect(granted).toBeLessThanOrEqual(DAY_ALLOWANCE_MINUTES + 3 * UNCOUNTED_MINUTES);
    expect(takenBy(spans)).toBeLessThanOrEqual(DAY_ALLOWANCE_MINUTES);
  });

  it('is never more than the allowance of a day, and within the outage', () => {
    const length = fc.nat(4_000);
    fc.assert(
      fc.property(length, length, fc.nat(12), fc.nat(150), (start, down, back, already) => {
        const downFrom = DAY + start;
        const outage = {
          from: downFrom - 5,
          downFrom,
          downUntil: downFrom + down,
          until: downFrom + down + back,
        };
        const counted = new Map<number, number>();
        let last = outage.from;
        for (const span of grantedSpans(outage, () => already)) {
          expect(span.from).toBeGreaterThanOrEqual(last);
          expect(span.until).toBeGreaterThanOrEqual(span.from);
          last = span.until;
          const day = dayOf(Math.max(span.from, downFrom));
          counted.set(day, (counted.get(day) ?? 0) + span.counted);
        }
        expect(last).toBeLessThanOrEqual(outage.until);
        for (const minutes of counted.values())
          expect(minutes).toBeLessThanOrEqual(Math.max(0, DAY_ALLOWANCE_MINUTES - already));
      }),
    );
  });
});
