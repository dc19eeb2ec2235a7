import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sparkline } from './sparkline.ts';

/** The points that a path runs through, by their x. */
function pointsOf(path: string): Map<number, number> {
  const points = new Map<number, number>();
  let [x, y] = [0, 0];
  for (const [, command, numbers] of path.matchAll(/([Mlh])([-\d ]+)/g)) {
    const [first = 0, second = 0] = (numbers?.match(/-?\d+/g) ?? []).map(Number);
    if (command === 'M') [x, y] = [first, second];
    else if (command === 'l') [x, y] = [x + first, y + second];
    else for (const end = x + first; x < end; x += 3) points.set(x, y);
    points.set(x, y);
  }
  return points;
}

describe('sparkline', () => {
  it('draws a level stretch as one step, a rise and a fall as one each', () => {
    expect(sparkline([0, 0, 0, 1, 0.5, 0.5])).toBe('M1 17h6l3-16l3 8h3');
  });

  it('leaves a gap where nothing is known, and makes a value between two gaps a dot', () => {
    expect(sparkline([undefined, 0.5, undefined, 0.5, 0.5, undefined, 1])).toBe('M4 9h0M10 9h3M19 1h0');
    expect(sparkline([undefined, undefined])).toBe('');
  });

  it('keeps within its box what is no share', () => {
    expect(sparkline([-1, 2])).toBe('M1 17l3-16');
  });

  it('runs through every known value and no other', () => {
    const share = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined });
    fc.assert(
      fc.property(fc.array(share, { maxLength: 48 }), (shares) => {
        const known = shares.flatMap((value, i) =>
          value === undefined ? [] : [[1 + 3 * i, 17 - Math.round(value * 16)] as const],
        );
        const path = sparkline(shares);
        expect([...pointsOf(path)]).toEqual(known);
        expect(path.length).toBeLessThanOrEqual(8 * shares.length);
      }),
    );
  });
});
