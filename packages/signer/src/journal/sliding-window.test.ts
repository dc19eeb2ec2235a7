import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SlidingWindow } from '#journal/sliding-window.ts';
import { requireQuota } from '#policy.ts';

test('counts what a list of all times would count', () => {
  const steps = fc.array(fc.tuple(fc.nat(40), fc.boolean()), { maxLength: 4_000, size: 'max' });
  fc.assert(
    fc.property(steps, (moves) => {
      const window = new SlidingWindow(100);
      const all: number[] = [];
      let now = 0;
      for (const [pause, act] of moves) {
        now += pause;
        if (act) {
          window.add(now);
          all.push(now);
        }
        if (window.count(now) !== all.filter((at) => at > now - 100).length) return false;
      }
      return true;
    }),
    { numRuns: 30 },
  );
  expect(new SlidingWindow(100).count(0)).toBe(0);
});

test('a quota names the wait after which one more act fits', () => {
  const window = new SlidingWindow(3_600_000);
  for (const at of [0, 1_000, 2_000]) window.add(at);
  const quota = { what: 'enrolments', limit: 2, window };
  expect(() => requireQuota(quota, 2_000)).toThrow(
    expect.objectContaining({ code: 'quota_exceeded', retry: true, retryAfterMs: 3_599_000 }),
  );
  expect(() => requireQuota(quota, 2_000 + 3_599_000)).not.toThrow();
});

test('a quota of none lets nothing through', () => {
  const quota = { what: 'refusals', limit: 0, window: new SlidingWindow(1_000) };
  expect(() => requireQuota(quota, 5)).toThrow(/allows 0 refusals/);
});
