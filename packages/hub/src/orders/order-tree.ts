import { setImmediate as nextTurn } from 'node:timers/promises';
import type { CarriedOrder, Signatures } from '@stoa/protocol';

const HASH = 32;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);
/** Hashes between two looks at what else the process has to do: some milliseconds. */
const TURN = 2_000;

/**
 * `merkleTree` of the protocol over node ids, for 200,000 of them: one block of bytes a level instead of an object a
 * hash, and built in turns, so that heartbeats go on.
 */
export class OrderTree {
  /** From the leaves upwards. */
  readonly #levels: readonly Uint8Array[];
  readonly #ids: Uint8Array;

  private constructor(ids: Uint8Array, levels: readonly Uint8Array[]) {
    this.#ids = ids;
    this.#levels = levels;
  }

  /** @param ids Of 32 bytes, ascending, one after the other; at least one. */
  static async of(ids: Uint8Array, hash: Signatures['hash']): Promise<OrderTree> {
    if (ids.length === 0 || ids.length % HASH !== 0)
      throw new RangeError(`${ids.length} bytes are no row of node ids`);
    const levels = [await level(ids, HASH, (id) => hash(LEAF, id))];
    for (let below = levels[0]!; below.length > HASH; below = levels.at(-1)!)
      levels.push(
        await level(below, 2 * HASH, (pair) =>
          // An odd one out moves up as it is (RFC 6962).
          pair.length === HASH ? pair : hash(NODE, pair.subarray(0, HASH), pair.subarray(HASH)),
        ),
      );
    return new OrderTree(ids, levels);
  }

  get nodes(): number {
    return this.#ids.length / HASH;
  }

  get root(): Uint8Array {
    return this.#levels.at(-1)!;
  }

  /** Undefined where the order does not name the node. */
  proof(nodeId: Uint8Array): CarriedOrder['proof'] | undefined {
    const leaf = this.#indexOf(nodeId);
    if (leaf === undefined) return undefined;
    return this.#levels.flatMap((hashes, depth) => {
      const at = leaf >> depth;
      const sibling = hashes.subarray((at ^ 1) * HASH, ((at ^ 1) + 1) * HASH);
      const side = at % 2 === 1 ? ('left' as const) : ('right' as const);
      return sibling.length === 0 ? [] : [{ side, hash: sibling }];
    });
  }

  #indexOf(nodeId: Uint8Array): number | undefined {
    let [low, high] = [0, this.nodes - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = Buffer.compare(this.#ids.subarray(middle * HASH, (middle + 1) * HASH), nodeId);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}

async function level(
  below: Uint8Array,
  step: number,
  hash: (part: Uint8Array) => Uint8Array,
): Promise<Uint8Array> {
  const count = Math.ceil(below.length / step);
  const above = new Uint8Array(count * HASH);
  for (let i = 0; i < count; i += 1) {
    above.set(hash(below.subarray(i * step, (i + 1) * step)), i * HASH);
    if (i % TURN === TURN - 1) await nextTurn();
  }
  return above;
}

/** Ids in hex, ascending, as the tree takes them. */
export function idBytes(nodeIds: readonly string[]): Uint8Array {
  return new Uint8Array(Buffer.from(nodeIds.join(''), 'hex'));
}
