import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { merge, rollUp, type Sample, SLOT_MS } from './roll-up.ts';
import { type Readings, SERIES } from './series.ts';
import { Stats } from './stats.ts';

const HOUR = 3_600_000;
const START = Date.UTC(2026, 10, 25, 18);

// Twelve bits behind the point: sums are exact, so the order of adding can't show.
const anyValue = fc.integer({ min: -(2 ** 23), max: 2 ** 23 }).map((value) => value / 2 ** 12);
const anyReadings: fc.Arbitrary<Readings> = fc.record(
  Object.fromEntries(SERIES.map((series) => [series, anyValue])),
  { requiredKeys: [] },
);
const samplesOver = (ms: number): fc.Arbitrary<Sample[]> =>
  fc.uniqueArray(fc.record({ at: fc.integer({ min: START, max: START + ms - 1 }), readings: anyReadings }), {
    selector: ({ at }) => Math.floor(at / SLOT_MS),
    maxLength: 200,
  });

describe('rollUp', () => {
  it('keeps the interval, minimum, maximum and mean of what was sampled', () => {
    const samples = [0.25, 0.75, 0.5].map((cpu, index) => ({
      at: START + index * 30_000,
      readings: { cpu },
    }));
    const later = { at: START + 300_000, readings: { cpu: 1, peers: 7 } };
    const intervals = rollUp([...samples, later], 300_000);
    expect([...intervals.keys()]).toEqual([START, START + 300_000]);
    expect(intervals.get(START)?.of('cpu')).toEqual({ count: 3, min: 0.25, max: 0.75, sum: 1.5 });
    expect(intervals.get(START)?.of('peers')).toBeUndefined();
    expect(intervals.get(START + 300_000)?.of('peers')).toEqual({ count: 1, min: 7, max: 7, sum: 7 });
  });

  it('makes of twelve times five minutes the same hour as of the samples themselves', () => {
    fc.assert(
      fc.property(samplesOver(3 * HOUR), (samples) => {
        expect(plain(merge(rollUp(samples, HOUR / 12), HOUR))).toEqual(plain(rollUp(samples, HOUR)));
      }),
    );
  });

  it('gives the same for samples in any order and sent any number of times', () => {
    const deliveries = samplesOver(HOUR).chain((samples) =>
      fc.tuple(
        fc.constant(samples),
        fc.shuffledSubarray([...samples, ...samples, ...samples], { minLength: samples.length * 3 }),
      ),
    );
    fc.assert(
      fc.property(deliveries, ([samples, delivered]) => {
        expect(plain(rollUp(delivered, HOUR / 12))).toEqual(plain(rollUp(samples, HOUR / 12)));
      }),
    );
  });

  it('counts one sample in ten seconds, whoever sends more', () => {
    const flood = Array.from({ length: 5_000 }, (_, index) => ({
      at: START + index * 10,
      readings: { cpu: 1 },
    }));
    expect(rollUp(flood, HOUR).get(START)?.of('cpu')?.count).toBe(5);
  });

  it('passes over what is no number', () => {
    const readings = { cpu: Number.NaN, load: Number.POSITIVE_INFINITY, peers: 3 };
    const stats = rollUp([{ at: START, readings }], HOUR).get(START);
    expect(stats?.of('cpu') ?? stats?.of('load')).toBeUndefined();
    expect(stats?.of('peers')?.count).toBe(1);
  });
});

describe('Stats', () => {
  it('comes back from its packed form', () => {
    fc.assert(
      fc.property(fc.array(anyReadings, { maxLength: 50 }), (all) => {
        const stats = new Stats();
        for (const readings of all) stats.add(readings);
        // The bytes may lie anywhere in a larger buffer, as those of the driver do.
        const packed = Buffer.concat([Buffer.alloc(3), stats.pack()]).subarray(3);
        expect(ofAll(Stats.unpack(packed))).toEqual(ofAll(stats));
      }),
    );
  });

  it('passes over a series of a newer version', () => {
    const stats = new Stats();
    stats.add({ lag: 2 });
    const packed = stats.pack();
    const newer = Uint8Array.from(packed);
    newer[0] = 200;
    expect(ofAll(Stats.unpack(Buffer.concat([newer, packed])))).toEqual(ofAll(stats));
  });
});

function plain(intervals: Map<number, Stats>): Record<string, unknown> {
  return Object.fromEntries([...intervals].map(([start, stats]) => [start, ofAll(stats)]));
}

function ofAll(stats: Stats): Record<string, unknown> {
  return Object.fromEntries(SERIES.map((series) => [series, stats.of(series)]));
}
