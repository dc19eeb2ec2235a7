import { describe, expect, it } from 'vitest';
import type { HistoryPoint } from '#history/index.ts';
import { CpuDays, cpuDay } from './cpu-day.ts';

const HOUR = 3_600_000;
const FROM = Date.UTC(2026, 10, 25, 18);
const NOW = FROM + 23.5 * HOUR;

function point(hour: number, avg: number, [min, max] = [avg, avg]): HistoryPoint {
  return { at: FROM + hour * HOUR, min, avg, max, count: 1 };
}

function subject(stored: ReadonlyMap<string, HistoryPoint[]>) {
  const clock = {
    time: NOW,
    now: () => clock.time,
    after(_ms: number, run: () => void) {
      queueMicrotask(run);
      return () => undefined;
    },
  };
  const asked: { ids: readonly string[]; from: number; to: number }[] = [];
  const days = new CpuDays({
    clock,
    history: {
      seriesByNode: async (ids, { from, to }) => {
        asked.push({ ids, from, to });
        return new Map([...stored].filter(([id]) => ids.includes(id)));
      },
    },
  });
  return { clock, asked, days };
}

describe('cpuDay', () => {
  it('draws the means at their hours, and tells the extremes', () => {
    const day = cpuDay([point(0, 0.5, [0.034, 0.6]), point(1, 0.5, [0.4, 0.78]), point(23, 1)], FROM);
    expect([day?.span, String(day?.path)]).toEqual(['3 to 100 %', 'M1 9h3M70 1h0']);
  });

  it('is absent where nothing is stored', () => {
    expect(cpuDay([], FROM)).toBeUndefined();
  });
});

describe('CpuDays', () => {
  it('reads a page by one query, and for five minutes only what it does not hold', async () => {
    const { clock, asked, days } = subject(new Map([['a', [point(2, 0.5)]]]));
    const read = await days.read(['a', 'b']);
    expect([...read.keys()]).toEqual(['a']);
    clock.time += 5 * 60_000 - 1;
    expect((await days.read(['b', 'a', 'c'])).get('a')).toBe(read.get('a'));
    clock.time += 1;
    await days.read(['a', 'b', 'c']);
    expect(asked).toEqual([
      { ids: ['a', 'b'], from: FROM, to: NOW },
      { ids: ['c'], from: FROM, to: NOW + 5 * 60_000 - 1 },
      { ids: ['a', 'b'], from: FROM, to: NOW + 5 * 60_000 },
    ]);
  });

  it('lets those go that it read longest ago', async () => {
    const { asked, days } = subject(new Map());
    await days.read(['first']);
    await days.read(Array.from({ length: 20_000 }, (_, i) => `${i}`));
    await days.read(['first', '19999']);
    expect(asked.at(-1)?.ids).toEqual(['first']);
  });
});
