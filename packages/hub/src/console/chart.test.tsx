import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineChart, thin, unbroken } from './chart.tsx';

const points = fc
  .array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 2_100 })
  .map((values) => values.map((avg, i) => ({ at: i * 300, min: avg * 0.5, avg, max: avg * 2 })));

describe('thin', () => {
  it('leaves one point of as many, and keeps the extremes', () => {
    fc.assert(
      fc.property(points, fc.integer({ min: 1, max: 20 }), (all, size) => {
        const few = thin(all, size);
        expect(few.length).toBe(Math.ceil(all.length / size));
        expect(Math.max(...few.map((point) => point.max))).toBe(Math.max(...all.map((point) => point.max)));
        expect(Math.min(...few.map((point) => point.min))).toBe(Math.min(...all.map((point) => point.min)));
      }),
    );
  });
});

describe('unbroken', () => {
  it('parts where an interval is missing', () => {
    const at = (time: number) => ({ at: time, min: 0, avg: 0, max: 0 });
    expect(unbroken([at(0), at(5), at(10), at(30), at(35)], 10).map((run) => run.length)).toEqual([3, 2]);
    expect(unbroken([], 10)).toEqual([]);
  });
});

describe('LineChart', () => {
  it('marks a point that has no line to lie on', () => {
    const at = (time: number) => ({ at: time, min: 1, avg: 1, max: 1 });
    const draw = (times: readonly number[]) =>
      String(LineChart({ points: times.map(at), frame: { from: 0, to: 9_000, stepMs: 300 }, label: 'x' }));
    const many = Array.from({ length: 20 }, (_, i) => i * 300);
    expect(draw([300])).toMatch(/class="mean dot" d="M12.0 1.0h0"/);
    expect(draw(many)).not.toContain('dot');
    expect(draw([...many, 8_400]).match(/class="mean dot"/g)).toHaveLength(1);
  });

  it('stays inside its frame', () => {
    fc.assert(
      fc.property(points, (all) => {
        const frame = { from: 0, to: all.length * 300, stepMs: 300 };
        const html = String(LineChart({ points: all, frame, label: 'x' }));
        for (const [, x, y] of html.matchAll(/[ML]([\d.-]+) ([\d.-]+)/g)) {
          expect(Number(x)).toBeGreaterThanOrEqual(0);
          expect(Number(x)).toBeLessThanOrEqual(360);
          expect(Number(y)).toBeGreaterThanOrEqual(0);
          expect(Number(y)).toBeLessThanOrEqual(84);
        }
      }),
      { numRuns: 30 },
    );
  });
});
