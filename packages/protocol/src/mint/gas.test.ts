import { describe, expect, it } from 'vitest';
import { enrolGas, mintGas, sizeGas } from './gas.ts';

/** Chainweb's own figures: bytes of `cmd`, gas. */
const SIZES = [
  [10_000, 101],
  [50_000, 501],
  [100_000, 1_109],
  [150_000, 3_353],
  [175_000, 7_200],
  [200_000, 15_878],
  [225_000, 33_902],
  [250_000, 68_675],
  [275_000, 131_706],
  [300_000, 240_116],
  [325_000, 418_485],
  [350_000, 701_069],
  [375_000, 1_134_403],
  [400_000, 1_780_357],
] as const;

/** The most bytes below a gas limit. */
const MOST_BYTES = [
  [406_715, 2_000_000],
  [393_930, 1_600_000],
  [333_421, 500_000],
  [322_895, 400_000],
  [287_755, 180_000],
] as const;

describe('the gas of a size', () => {
  it.each(SIZES)('%i bytes cost %i', (bytes, gas) => {
    expect(sizeGas(bytes)).toBe(gas);
  });

  it.each(MOST_BYTES)('%i bytes are the most below %i', (bytes, gas) => {
    expect(sizeGas(bytes)).toBeLessThanOrEqual(gas);
    expect(sizeGas(bytes + 1)).toBeGreaterThan(gas);
  });
});

/**
 * Measured by Pact 5.4 of a register of this shape: accounts, bytes and total gas, with a cap per account and without. The
 * 50,000 accounts of the first write found the 125 buckets of the 6,250 there.
 */
const MEASURED = [
  { accounts: 6_250, rows: 0, bytes: 24_559, gas: 26_230, capped: 29_176 },
  { accounts: 6_250, rows: 125, bytes: 24_599, gas: 33_955, capped: 36_901 },
  { accounts: 50_000, rows: 125, bytes: 192_165, gas: 227_328, capped: 250_892 },
  { accounts: 50_000, rows: 1_000, bytes: 192_172, gas: 281_406, capped: 304_970 },
] as const;

/** What differs: a row that is not there yet is not read, and the caps of a bucket are one walk over it. */
const UNREAD_ROW = 61.8;
const UNCAPPED_BUCKET = 23.6;

describe('the gas of a batch', () => {
  it.each(MEASURED)(
    'of $accounts accounts with $rows rows is at most 2.5 % above what was measured',
    (run) => {
      const buckets = run.accounts / 50;
      const bound = mintGas({ bytes: run.bytes, buckets, filled: buckets, bounds: 2 });
      expect(bound).toBeGreaterThan(run.capped);
      const same = bound - UNREAD_ROW * (buckets - run.rows);
      expect(same).toBeGreaterThan(run.capped);
      expect(same / run.capped).toBeLessThan(1.025);
      const uncapped = same - UNCAPPED_BUCKET * buckets;
      expect(uncapped).toBeGreaterThan(run.gas);
      expect(uncapped / run.gas).toBeLessThan(1.025);
    },
  );

  it('leaves out a bucket in which nobody earned', () => {
    const shape = { bytes: 10_000, buckets: 1_000, bounds: 2 };
    expect(mintGas({ ...shape, filled: 0 })).toBeLessThan(1_300);
    expect(mintGas({ ...shape, filled: 10 })).toBeLessThan(4_300);
  });
});

describe('the gas of an enrolment', () => {
  it.each([
    ['k:', 66, 72.7],
    ['Ouronet', 285, 116.5],
  ] as const)('of an account by %s is a little above what was measured', (_kind, name, gas) => {
    const of = (count: number) => enrolGas({ bytes: 0, accounts: count, nameBytes: count * name });
    const each = (of(1_100) - of(100)) / 1_000;
    expect(each).toBeGreaterThan(gas);
    expect(each / gas).toBeLessThan(1.03);
  });
});
