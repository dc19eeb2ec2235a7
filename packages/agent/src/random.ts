import type { Random } from '@stoa/protocol';

export type { Random } from '@stoa/protocol';

/** Uniform over the whole numbers from `low` up to and without `high`, from 48 random bits. */
export function uniform(random: Random, low: number, high: number): number {
  const bits = random(6).reduce((value, byte) => value * 256 + byte, 0);
  return Math.floor(low + (bits / 2 ** 48) * (high - low));
}
