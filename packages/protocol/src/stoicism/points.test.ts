import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countMinutes,
  FEE_WHOLE,
  formatPoints,
  minutePoints,
  POINT,
  parsePoints,
  splitFee,
  wordPoints,
} from './points.ts';

const word = fc.bigInt({ min: 0n, max: (1n << 60n) - 1n });
const size = 10n ** 38n - 1n;

describe('points', () => {
  it('are 0.06 a minute and 86.4 a day at a score of 1', () => {
    expect(formatPoints(minutePoints(1_000_000))).toBe('0.06');
    expect(formatPoints(24n * wordPoints((1n << 60n) - 1n, 1_000_000))).toBe('86.4');
    expect(minutePoints(1)).toBe(60_000n);
  });

  it('of a word are those of its minutes, each by itself', () => {
    fc.assert(
      fc.property(word, fc.integer({ min: 0, max: 5_000_000 }), (minutes, micro) => {
        const bits = [...minutes.toString(2)].filter((bit) => bit === '1').length;
        expect(countMinutes(minutes)).toBe(bits);
        expect(wordPoints(minutes, micro)).toBe(
          Array.from({ length: bits }).reduce<bigint>((sum) => sum + minutePoints(micro), 0n),
        );
      }),
    );
  });

  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -size, max: size }), (units) => {
        expect(parsePoints(formatPoints(units))).toBe(units);
      }),
    );
  });

  it.each(['', '-', '.5', '1.', '01', '1e3', '+1', '1.0000000000001', '1,5', ' 1', `${'9'.repeat(27)}`, '٣'])(
    'are not %j',
    (text) => {
      expect(parsePoints(text)).toBeUndefined();
    },
  );

  it('are cut towards zero where fewer decimals are asked for', () => {
    expect(formatPoints(POINT + 999_999_999_999n, 4)).toBe('1.9999');
    expect(formatPoints(-1n, 4)).toBe('0.0000');
    expect(formatPoints(86n * POINT, 2)).toBe('86.00');
    expect(formatPoints(-3n * POINT, 0)).toBe('-3');
  });

  it('are split by a fee without a unit lost, the rounding for the node', () => {
    const permille1 = fc.integer({ min: 0, max: FEE_WHOLE });
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: size }), permille1, (amount, share) => {
        const { fee, rest } = splitFee(amount, share);
        expect(fee + rest).toBe(amount);
        expect(fee * BigInt(FEE_WHOLE) <= amount * BigInt(share)).toBe(true);
        expect((fee + 1n) * BigInt(FEE_WHOLE) > amount * BigInt(share)).toBe(true);
      }),
    );
    expect(splitFee(10n, FEE_WHOLE)).toEqual({ fee: 10n, rest: 0n });
    for (const wrong of [-1, FEE_WHOLE + 1, 0.5]) expect(() => splitFee(1n, wrong)).toThrow(RangeError);
    expect(() => splitFee(-1n, 1)).toThrow(RangeError);
  });
});
