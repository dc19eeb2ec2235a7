import { setImmediate as nextTurn } from 'node:timers/promises';
import { concat, type ProofStep, type Signatures } from '@stoa/protocol';
import { HASH_BYTES, HashTree, leafHash, placeOf } from '../hash-tree.ts';
import type { ReceiptRow } from './receipt-store.ts';

/** The tree over the receipts of one pass. */
export class ReceiptTree {
  readonly #tree: HashTree;
  /** Of the leaves, in their order; a node that was revised within the pass is there twice. */
  readonly #ids: Uint8Array;
  readonly #revisions: Uint16Array;

  private constructor(tree: HashTree, ids: Uint8Array, revisions: Uint16Array) {
    this.#tree = tree;
    this.#ids = ids;
    this.#revisions = revisions;
  }

  /** @param pages by node and revision, one at least. */
  static async of(
    pages: AsyncIterable<readonly ReceiptRow[]>,
    hash: Signatures['hash'],
  ): Promise<ReceiptTree> {
    // A block a page: so many as there are receipts are more than a call takes.
    const [leaves, ids, revisions]: [Uint8Array[], Uint8Array[], number[]] = [[], [], []];
    for await (const rows of pages) {
      leaves.push(Buffer.concat(rows.map(({ body }) => leafHash(body, hash))));
      ids.push(Buffer.from(rows.map(({ nodeId }) => nodeId).join(''), 'hex'));
      for (const { revision } of rows) revisions.push(revision);
      await nextTurn();
    }
    const tree = await HashTree.of(concat(...leaves), hash);
    return new ReceiptTree(tree, concat(...ids), Uint16Array.from(revisions));
  }

  get size(): number {
    return this.#tree.count;
  }

  get root(): Uint8Array {
    return this.#tree.root;
  }

  /** Undefined where the pass wrote no such receipt. */
  proof(nodeId: Uint8Array, revision: number): ProofStep[] | undefined {
    for (let leaf = placeOf(this.#ids, nodeId); this.#isOf(leaf, nodeId); leaf += 1)
      if (this.#revisions[leaf] === revision) return this.#tree.proof(leaf);
    return undefined;
  }

  #isOf(leaf: number, nodeId: Uint8Array): boolean {
    const id = this.#ids.subarray(leaf * HASH_BYTES, (leaf + 1) * HASH_BYTES);
    return Buffer.compare(id, nodeId) === 0;
  }
}
