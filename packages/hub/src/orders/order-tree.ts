import { type CarriedOrder, equalBytes, type Signatures } from '@stoa/protocol';
import { HASH_BYTES, HashTree, hashEach, leafHash, placeOf } from '../hash-tree.ts';

/** The tree over the node ids that an order names. */
export class OrderTree {
  readonly #tree: HashTree;
  readonly #ids: Uint8Array;

  private constructor(ids: Uint8Array, tree: HashTree) {
    this.#ids = ids;
    this.#tree = tree;
  }

  /** @param ids Of 32 bytes, ascending, one after the other; at least one. */
  static async of(ids: Uint8Array, hash: Signatures['hash']): Promise<OrderTree> {
    if (ids.length === 0 || ids.length % HASH_BYTES !== 0)
      throw new RangeError(`${ids.length} bytes are no row of node ids`);
    const leaves = await hashEach(ids, HASH_BYTES, (id) => leafHash(id, hash));
    return new OrderTree(ids, await HashTree.of(leaves, hash));
  }

  get size(): number {
    return this.#tree.count;
  }

  get root(): Uint8Array {
    return this.#tree.root;
  }

  /** Undefined where the order does not name the node. */
  proof(nodeId: Uint8Array): CarriedOrder['proof'] | undefined {
    const leaf = placeOf(this.#ids, nodeId);
    const found = this.#ids.subarray(leaf * HASH_BYTES, (leaf + 1) * HASH_BYTES);
    return equalBytes(found, nodeId) ? this.#tree.proof(leaf) : undefined;
  }
}

/** Ids in hex, ascending, as the tree takes them. */
export function idBytes(nodeIds: readonly string[]): Uint8Array {
  return new Uint8Array(Buffer.from(nodeIds.join(''), 'hex'));
}
