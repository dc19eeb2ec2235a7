import type { Random } from '@stoa/protocol';
import { createRandom } from '../chainweb/index.ts';

/** One seed, many draws. Nothing secret may come from it. */
export interface Dice {
  /** Uniform over [low, high). */
  number(low: number, high: number): number;
  /** Uniform over the whole numbers from low up to and without high. */
  integer(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  bytes: Random;
  /** Dice of their own, so that what one part of the world draws moves no other part. */
  fork(name: string): Dice;
}

export function createDice(seed: number): Dice {
  const next = createRandom(seed);
  const number = (low: number, high: number) => low + next() * (high - low);
  const integer = (low: number, high: number) => Math.floor(number(low, high));
  return {
    number,
    integer,
    chance: (probability) => next() < probability,
    pick: (from) => {
      const picked = from[integer(0, from.length)];
      if (picked === undefined) throw new RangeError('nothing to pick from');
      return picked;
    },
    bytes: (count) => Uint8Array.from({ length: count }, () => integer(0, 256)),
    fork: (name) => createDice(mix(seed, name)),
  };
}

/** FNV-1a over the seed and the name. */
function mix(seed: number, name: string): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
