import { describe, expect, it } from 'vitest';
import { Allowance } from '#update/allowance.ts';

describe('an allowance', () => {
  it('gives so many at once, then one a period, and fills up again', () => {
    const allowance = new Allowance({ burst: 3, periodMs: 60_000 });
    const waits = Array.from({ length: 5 }, () => allowance.take(1_000));
    expect(waits).toEqual([0, 0, 0, 60_000, 60_000]);
    expect(allowance.take(61_000)).toBe(60_000);
    expect(allowance.take(1_000 + 60 * 60_000)).toBe(0);
  });
});
