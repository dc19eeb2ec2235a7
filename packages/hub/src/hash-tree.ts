import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ProofStep, Signatures } from '@stoa/protocol';

export const HASH_BYTES = 32;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
/** Hashes between two looks at what else the process has to do: some milliseconds. */
const TURN = 2_000;

/**
 * `merkleTree` of the protocol for 200,000 leaves: one block of bytes a level instead of an object a hash, and built in turns,
 * so that heartbeats go on.
 */
export class HashTree {
  /** From the leaves upwards. */
  readonly #levels: readonly Uint8Array[];

  private constructor(levels: readonly Uint8Array[]) {
    this.#levels = levels;
  }

  /** @param leaves their hashes (`leafHash`), one after the other; at least one. */
  static async of(leaves: Uint8Array, hash: Signatures['hash']): Promise<HashTree> {
    if (leaves.length === 0 || leaves.length % HASH_BYTES !== 0)
      throw new RangeError(`${leaves.length} bytes are no row of hashes`);
    const levels = [leaves];
    for (let below = leaves; below.length > HASH_BYTES; below = levels.at(-1)!)
      levels.push(
        await hashEach(below, 2 * HASH_BYTES, (pair) =>
          // An odd one out moves up as it is (RFC 6962).
          pair.length === HASH_BYTES
            ? pair
            : hash(NODE, pair.subarray(0, HASH_BYTES), pair.subarray(HASH_BYTES)),
        ),
      );
    return new HashTree(levels);
  }

  get count(): number {
    return this.#levels[0]!.length / HASH_BYTES;
  }

  get root(): Uint8Array {
    return this.#levels.at(-1)!;
  }

  /** From the leaf upwards. @param leaf its place, of those that there are. */
  proof(leaf: number): ProofStep[] {
    return this.#levels.flatMap((hashes, depth) => {
      const at = leaf >> depth;
      const sibling = hashes.subarray((at ^ 1) * HASH_BYTES, ((at ^ 1) + 1) * HASH_BYTES);
      const side = at % 2 === 1 ? ('left' as const) : ('right' as const);
      return sibling.length === 0 ? [] : [{ side, hash: sibling }];
    });
  }
}

export function leafHash(leaf: Uint8Array, hash: Signatures['hash']): Uint8Array {
  return hash(LEAF, leaf);
}

/** The hashes of equal parts of `below`, one after the other, in turns. */
export async function hashEach(
  below: Uint8Array,
  step: number,
  hash: (part: Uint8Array) => Uint8Array,
): Promise<Uint8Array> {
  const count = Math.ceil(below.length / step);
  const above = new Uint8Array(count * HASH_BYTES);
  for (let i = 0; i < count; i += 1) {
    above.set(hash(below.subarray(i * step, (i + 1) * step)), i * HASH_BYTES);
    if (i % TURN === TURN - 1) await nextTurn();
  }
  return above;
}

/** The place of the first id that is not below the one asked for. @param ids of 32 bytes, ascending, one after the other. */
export function placeOf(ids: Uint8Array, id: Uint8Array): number {
  let [low, high] = [0, ids.length / HASH_BYTES];
  while (low < high) {
    const middle = (low + high) >> 1;
    const order = Buffer.compare(ids.subarray(middle * HASH_BYTES, (middle + 1) * HASH_BYTES), id);
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
