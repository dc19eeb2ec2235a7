import { describe, expect, it } from 'vitest';
import { type HistoryReader, healthColumns, inUnit, rangeOf, readHealth } from './health.ts';

const NOW = Date.UTC(2026, 10, 25, 18);

describe('rangeOf', () => {
  it.each([
    ['7d', '7d'],
    [undefined, '24h'],
    ['', '24h'],
    ['1y', '24h'],
    ['constructor', '24h'],
  ])('makes of %j the range %s', (text, range) => {
    expect(rangeOf(text)).toBe(range);
  });
});

describe('readHealth', () => {
  it('reads a month by hours and less by five minutes, in one read, and gives charts their columns', async () => {
    const asked: unknown[] = [];
    const history = {
      all: async (query: unknown) => {
        asked.push(query);
        const none = {
          cpu: [],
          memory: [],
          disk: [],
          load: [],
          network_in: [],
          network_out: [],
          peers: [],
          lag: [],
        };
        return { ...none, rtt: [{ at: NOW - 60_000, min: 1, avg: 2, max: 3, count: 4 }] };
      },
    } as unknown as HistoryReader;
    const month = await readHealth(history, { nodeId: 'n', range: '30d', now: NOW });
    await readHealth(history, { nodeId: 'n', range: '1h', now: NOW });
    expect(asked).toEqual([
      { nodeId: 'n', from: NOW - 30 * 86_400_000, to: NOW, resolution: '1h' },
      { nodeId: 'n', from: NOW - 3_600_000, to: NOW, resolution: '5m' },
    ]);
    expect(healthColumns(month)).toMatchObject({
      stepMs: 3_600_000,
      series: { rtt: { at: [NOW - 60_000], min: [1], avg: [2], max: [3] }, cpu: { at: [] } },
    });
  });
});

describe('inUnit', () => {
  it.each([
    ['percent', 0.4567, '45.7 %'],
    ['plain', 3.14, '3.1'],
    ['rate', 999.4, '999 kbit/s'],
    ['rate', 1_500, '1.5 Mbit/s'],
    ['ms', 1_234.5, '1,235 ms'],
    ['count', 12, '12'],
  ] as const)('tells %s of %d as %s', (unit, value, text) => {
    expect(inUnit(unit, value)).toBe(text);
  });
});
