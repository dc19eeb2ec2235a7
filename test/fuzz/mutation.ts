import { concat } from '@stoa/protocol';
import type { Prng } from './prng.ts';

/** Bytes at the edges of counters, lengths and choices. */
const EDGES = [0, 1, 0x7f, 0x80, 0xfe, 0xff];

type Mutation = (bytes: Uint8Array, prng: Prng, other: Uint8Array) => Uint8Array;

const flip: Mutation = (bytes, prng) => {
  const changed = bytes.slice();
  if (changed.length > 0) changed[prng.below(changed.length)]! ^= 1 << prng.below(8);
  return changed;
};

const edge: Mutation = (bytes, prng) => {
  const changed = bytes.slice();
  if (changed.length > 0) changed[prng.below(changed.length)] = prng.of(EDGES);
  return changed;
};

const truncate: Mutation = (bytes, prng) => bytes.slice(0, prng.below(bytes.length + 1));

const extend: Mutation = (bytes, prng) => concat(bytes, prng.bytes(1 + prng.below(40)));

const remove: Mutation = (bytes, prng) => {
  const [from, count] = [prng.below(bytes.length + 1), 1 + prng.below(8)];
  return concat(bytes.slice(0, from), bytes.slice(from + count));
};

const insert: Mutation = (bytes, prng) => {
  const at = prng.below(bytes.length + 1);
  return concat(bytes.slice(0, at), prng.bytes(1 + prng.below(8)), bytes.slice(at));
};

/** The front of one with the back of another. */
const splice: Mutation = (bytes, prng, other) =>
  concat(bytes.slice(0, prng.below(bytes.length + 1)), other.slice(prng.below(other.length + 1)));

const repeat: Mutation = (bytes, prng) => {
  const from = prng.below(bytes.length + 1);
  const to = from + prng.below(bytes.length - from + 1);
  return concat(bytes.slice(0, to), bytes.slice(from));
};

const noise: Mutation = (bytes, prng) => prng.bytes(prng.below(2 * bytes.length + 2));

const MUTATIONS = [flip, flip, flip, edge, edge, truncate, extend, remove, insert, splice, repeat, noise];

/** One to three changes; `other` is a valid input of the same kind to splice with. */
export function mutate(bytes: Uint8Array, prng: Prng, other: Uint8Array): Uint8Array {
  let changed = bytes;
  for (let left = 1 + prng.below(3); left > 0; left -= 1) changed = prng.of(MUTATIONS)(changed, prng, other);
  return changed;
}

/** The input as it is one time in `honest`, else mutated. */
export function perhaps(
  bytes: Uint8Array,
  prng: Prng,
  by: { other: Uint8Array; honest: number },
): Uint8Array {
  return prng.chance(by.honest) ? bytes : mutate(bytes, prng, by.other);
}
