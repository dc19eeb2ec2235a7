import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Baselines, PART_NAMES, type PartName, partOf, SEED_BASELINES } from './parts.ts';
import { formatScore, HW_PERMILLE, type HwType, type Measured, MICRO_CAP, serverScore } from './score.ts';
import { requireBaselines, thousandths } from './score-error.ts';

const hwType = fc.constantFrom(...(Object.keys(HW_PERMILLE) as HwType[]));
const partName = fc.constantFrom(...PART_NAMES);
const valuesOf = (name: PartName) => {
  const { most, baseline } = partOf(name);
  return fc.oneof(
    fc.integer({ min: 0, max: Math.min(most, 12 * Math.max(1, baseline)) }),
    fc.integer({ min: 0, max: most }),
  );
};
const measured: fc.Arbitrary<Measured> = fc.record(
  Object.fromEntries(PART_NAMES.map((name) => [name, valuesOf(name).map((value) => ({ value }))])),
  { requiredKeys: [] },
);
const atBaselines: Measured = Object.fromEntries(
  PART_NAMES.map((name) => [name, { value: SEED_BASELINES[name] }]),
);
const at = (part: PartName, value: number): Measured => ({ [part]: { value } });
const only = (part: PartName, value: number, limits?: 'reviewed') =>
  serverScore(at(part, value), SEED_BASELINES, 'vps', limits).parts.find((row) => row.part === part)!;

describe('a ServerScore', () => {
  it('is 1 for a machine at every baseline, times the factor of its hardware', () => {
    expect(serverScore(atBaselines, SEED_BASELINES, 'vps')).toMatchObject({
      micro: 1_000_000,
      anomalies: [],
      needsReview: false,
    });
    expect(serverScore(atBaselines, SEED_BASELINES, 'bare-metal').micro).toBe(1_150_000);
    expect(serverScore(atBaselines, SEED_BASELINES, 'container').micro).toBe(900_000);
    expect(PART_NAMES.reduce((sum, name) => sum + partOf(name).weightPpm, 0)).toBe(1_000_000);
  });

  it('is the sum of what its parts earn, exactly, whatever order they come in', () => {
    fc.assert(
      fc.property(measured, hwType, (figures, hw) => {
        const score = serverScore(figures, SEED_BASELINES, hw);
        const sum = score.parts.reduce((total, { earnedPpm }) => total + BigInt(earnedPpm), 0n);
        const whole = Number((sum * BigInt(HW_PERMILLE[hw])) / 1_000n);
        expect(score.micro).toBe(Math.min(whole, MICRO_CAP));
        const turned = Object.fromEntries(Object.entries(figures).reverse());
        expect(serverScore(turned, SEED_BASELINES, hw)).toEqual(score);
      }),
    );
  });

  it('stays within its caps until somebody reviews it', () => {
    fc.assert(
      fc.property(measured, hwType, (figures, hw) => {
        const score = serverScore(figures, SEED_BASELINES, hw);
        const reviewed = serverScore(figures, SEED_BASELINES, hw, 'reviewed');
        expect(score.micro).toBeLessThanOrEqual(MICRO_CAP);
        expect(reviewed.micro).toBeGreaterThanOrEqual(score.micro);
        expect(score.needsReview).toBe(reviewed.micro > score.micro);
        for (const { part, earnedPpm, weightPpm } of score.parts) {
          expect(Number.isSafeInteger(earnedPpm)).toBe(true);
          expect(earnedPpm).toBeGreaterThanOrEqual(0);
          const most = partOf(part).group === 'network' ? 1 : 4;
          expect(earnedPpm, part).toBeLessThanOrEqual(most * weightPpm);
        }
      }),
    );
  });

  it('never falls as a part gets better, up to where it stops to be believed', () => {
    fc.assert(
      fc.property(measured, partName, fc.tuple(fc.nat(), fc.nat()), (figures, name, [a, b]) => {
        const { rule, amount, most } = partOf(name);
        const end = amount || rule === 'less' ? most + 1 : 10 * SEED_BASELINES[name];
        const [low, high] = [a % end, b % end].toSorted((x, y) => x - y) as [number, number];
        const [worse, better] = rule === 'less' ? [high, low] : [low, high];
        const micro = (value: number) =>
          serverScore({ ...figures, [name]: { value } }, SEED_BASELINES, 'vps').micro;
        expect(micro(better)).toBeGreaterThanOrEqual(micro(worse));
      }),
    );
  });

  it('does not spread a missing part over the others', () => {
    fc.assert(
      fc.property(partName, (name) => {
        const { [name]: _, ...rest } = atBaselines;
        const score = serverScore(rest, SEED_BASELINES, 'vps');
        expect(score.micro).toBe(1_000_000 - partOf(name).weightPpm);
        expect(score.anomalies).toEqual([name]);
      }),
    );
  });
});

describe('a part', () => {
  it('counts in a line up to four times its baseline, and further once it was reviewed', () => {
    expect(only('cpuSingle', 2_500_000)).toMatchObject({ earnedPpm: 20_000, note: undefined });
    expect(only('cpuSingle', 20_000_000)).toMatchObject({ earnedPpm: 160_000, note: undefined });
    expect(only('cpuSingle', 30_000_000)).toMatchObject({ earnedPpm: 160_000, note: 'capped' });
    expect(only('cpuSingle', 30_000_000, 'reviewed')).toMatchObject({ earnedPpm: 240_000, note: undefined });
  });

  it('earns nothing at ten times its baseline, nor by a fallback, a missing tool or a wrong answer', () => {
    expect(only('cpuSingle', 50_000_000)).toMatchObject({ earnedPpm: 0, note: 'ten-times' });
    expect(only('cpuSingle', 49_999_999)).toMatchObject({ earnedPpm: 160_000, note: 'capped' });
    for (const fault of ['fallback', 'unproven'] as const) {
      const score = serverScore({ randomRead: { value: 1_000, fault } }, SEED_BASELINES, 'vps', 'reviewed');
      expect(score.parts.find(({ part }) => part === 'randomRead')).toMatchObject({
        earnedPpm: 0,
        note: fault,
      });
      expect(score.anomalies).toContain('randomRead');
    }
    expect(serverScore({}, SEED_BASELINES, 'vps')).toMatchObject({ micro: 0, anomalies: [...PART_NAMES] });
    // An amount is counted by the system: much of it is no anomaly.
    expect(only('memory', 128_000)).toMatchObject({ earnedPpm: 600_000, note: 'capped' });
  });

  it('of the network is worth its weight at most, and nothing past its minimum', () => {
    expect(only('download', 49_999)).toMatchObject({ earnedPpm: 0, note: 'below' });
    expect(only('download', 50_000).earnedPpm).toBe(16_000);
    expect(only('download', 2_000_000).earnedPpm).toBe(160_000);
    expect(only('jitter', 0).earnedPpm).toBe(20_000);
    expect(only('jitter', 27_500).earnedPpm).toBe(10_000);
    expect(only('jitter', 50_000).earnedPpm).toBe(0);
    expect(only('loss', 0).earnedPpm).toBe(20_000);
    expect(only('loss', 1_000).earnedPpm).toBe(10_000);
    expect(only('loss', 2_000)).toMatchObject({ earnedPpm: 0, note: 'below' });
  });

  it('of the commitment grows by its logarithm', () => {
    for (const gb of [0, 1, 10, 100, 250, 999, 1_000, 2_000, 4_000]) {
      const exact = (180_000 * Math.log2(1 + gb)) / Math.log2(1_001);
      expect(Math.abs(only('commitment', gb * 1_000).earnedPpm - exact), `${gb} GB`).toBeLessThanOrEqual(1);
    }
    expect(only('commitment', 1_000_000).earnedPpm).toBe(180_000);
    expect(only('commitment', 90_000_000).earnedPpm).toBe(only('commitment', 4_000_000).earnedPpm);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 1e12, 1e300])('is not %d', (figure) => {
    expect(() => thousandths('cpuSingle', figure)).toThrow(
      expect.objectContaining({ code: 'bad_measure', message: expect.stringContaining("'cpuSingle'") }),
    );
    expect(() => serverScore(at('cpuSingle', figure), SEED_BASELINES, 'vps')).toThrow(
      expect.objectContaining({ code: 'bad_measure' }),
    );
  });

  it('is no text', () => {
    for (const figure of ['5', null, undefined, {}])
      expect(() => thousandths('ipc', figure)).toThrow(expect.objectContaining({ code: 'bad_measure' }));
    expect(thousandths('ipc', 1.2345)).toBe(1_235);
  });
});

describe('a table of baselines', () => {
  it('has one that can be reached for each part, and no other', () => {
    expect(requireBaselines(SEED_BASELINES)).toEqual(SEED_BASELINES);
    const wrong: Record<string, number>[] = [
      { ...SEED_BASELINES, cpuSingle: 0 },
      { ...SEED_BASELINES, cpuSingle: Number.NaN },
      { ...SEED_BASELINES, jitter: 50_000 },
      { ...SEED_BASELINES, download: 40_000 },
      { ...SEED_BASELINES, ipc: 0.5 },
      { ...SEED_BASELINES, luck: 1 },
      { cpuSingle: 1 },
    ];
    for (const table of wrong)
      expect(() => requireBaselines(table)).toThrow(expect.objectContaining({ code: 'bad_baseline' }));
  });

  it('raises no score by being raised', () => {
    fc.assert(
      fc.property(measured, partName, fc.integer({ min: 1, max: 9 }), (figures, name, times) => {
        const { rule, baseline } = partOf(name);
        fc.pre(rule !== 'less');
        const higher: Baselines = { ...SEED_BASELINES, [name]: baseline * times };
        // What was ten times the former one is believed under the new one: that may raise it.
        fc.pre((figures[name]?.value ?? 0) < 10 * baseline || partOf(name).amount === true);
        expect(serverScore(figures, higher, 'vps').micro).toBeLessThanOrEqual(
          serverScore(figures, SEED_BASELINES, 'vps').micro,
        );
      }),
    );
  });
});

it('is written with six decimals', () => {
  expect([0, 1, 1_000_000, 4_987_654].map(formatScore)).toEqual([
    '0.000000',
    '0.000001',
    '1.000000',
    '4.987654',
  ]);
});
