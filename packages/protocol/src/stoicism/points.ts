/**
 * Points of Stoicism as exact integers of 1e-12 ("units"), a score as an integer of 1e-6 ("micro-score"): the rate of 0.001
 * points a second at a score of 1 is then a whole number of units a minute, and no sum ever rounds.
 */

import { MINUTES_MASK } from '../evidence/minutes.ts';

/** Units of one point. */
export const POINT: bigint = 10n ** 12n;
const DECIMALS = 12;

/** Units a minute for each micro-score: 60 s x 0.001 x 1e12 / 1e6. */
const UNITS_A_MINUTE = 60_000n;

/** A fee is told in tenths of a per-mille: 10,000 of them are all of it. */
export const FEE_WHOLE = 10_000;

/** What one paid minute earns. @param microScore a whole number of 1e-6, 0 or more. @returns units. */
export function minutePoints(microScore: number): bigint {
  return UNITS_A_MINUTE * BigInt(microScore);
}

/** What the minutes of a word earn. @param word bits of an hour, minute 0 lowest. @returns units. */
export function wordPoints(word: bigint, microScore: number): bigint {
  return BigInt(countMinutes(word)) * minutePoints(microScore);
}

/** How many minutes a word holds, 0 to 60. */
export function countMinutes(word: bigint): number {
  const minutes = word & MINUTES_MASK;
  return bitsOf(Number(minutes & HALF)) + bitsOf(Number(minutes >> 30n));
}

/**
 * Of an hour's accrual what goes to the tunnel's owner. It rounds down, and once an hour: of a revised hour it is taken of the
 * whole again, never of the difference.
 * @param amount units, 0 or more. @param permille1 tenths of a per-mille, 0 to 10,000.
 */
export function splitFee(amount: bigint, permille1: number): { readonly fee: bigint; readonly rest: bigint } {
  if (amount < 0n || !Number.isInteger(permille1) || permille1 < 0 || permille1 > FEE_WHOLE)
    throw new RangeError(
      `a fee of ${permille1} tenths of a per-mille of ${amount} units: 0 to ${FEE_WHOLE} of 0 or more expected`,
    );
  const fee = (amount * BigInt(permille1)) / BigInt(FEE_WHOLE);
  return { fee, rest: amount - fee };
}

/**
 * Units as points, exactly: `86.4`, `-0.000000000001`, `0`.
 * @param decimals cut to so many, towards zero, and shown in full: `86.4000`; all that there are unless given.
 */
export function formatPoints(units: bigint, decimals?: number): string {
  const [sign, size] = units < 0n ? ['-', -units] : ['', units];
  const whole = String(size / POINT);
  const fraction = String(size % POINT).padStart(DECIMALS, '0');
  const shown = decimals === undefined ? fraction.replace(/0+$/, '') : fraction.slice(0, decimals);
  const text = shown === '' ? whole : `${whole}.${shown}`;
  return /[1-9]/.test(text) ? sign + text : text;
}

/** Points as a person types them: at most 26 digits before the point and 12 after it. @returns units; undefined for anything else. */
export function parsePoints(text: string): bigint | undefined {
  const found = /^(-?)(0|[1-9]\d{0,25})(?:\.(\d{1,12}))?$/.exec(text);
  if (found === null) return undefined;
  const [, sign, whole, fraction = ''] = found;
  const size = BigInt(whole! + fraction.padEnd(DECIMALS, '0'));
  return sign === '-' ? -size : size;
}

const HALF = (1n << 30n) - 1n;

/** Bits set among 30. */
function bitsOf(half: number): number {
  const pairs = half - ((half >>> 1) & 0x5555_5555);
  const fours = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return (((fours + (fours >>> 4)) & 0x0f0f_0f0f) * 0x0101_0101) >>> 24;
}
