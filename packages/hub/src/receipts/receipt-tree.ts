import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ProofStep, Signatures } from '@stoa/protocol';
import { HASH_BYTES, HashTree, leafHash } from '../hash-tree.ts';

type Hash = Signatures['hash'];

/** Leaves of a subtree, a power of two: what a proof reads. About the root of 200,000, so that what lies above is as little. */
export const SUBTREE = 256;
const KEY_BYTES = HASH_BYTES + 2;

export interface ReceiptRow {
  readonly nodeId: string;
  readonly revision: number;
  /** Encoded `settledReceipt`. */
  readonly body: Uint8Array;
}

/** What is kept of the tree of a pass: proofs then need no more than one subtree's receipts. */
export interface TreeTop {
  /** Roots of the subtrees, one after the other. */
  readonly roots: Uint8Array;
  /** Node and revision of the first receipt of each, one after the other. */
  readonly firsts: Uint8Array;
}

/** A tree whose leaves were read once and not held: its size is bounded by nothing here. */
export interface BuiltTree {
  /** Leaves. */
  readonly count: number;
  readonly root: Uint8Array;
  readonly top: TreeTop;
}

/** @param pages by node and revision; whole subtrees each, but for the last. One receipt at least. */
export async function buildTree(pages: AsyncIterable<readonly ReceiptRow[]>, hash: Hash): Promise<BuiltTree> {
  const [roots, firsts]: [Uint8Array[], Uint8Array[]] = [[], []];
  let count = 0;
  for await (const rows of pages) {
    if (count % SUBTREE !== 0) throw new RangeError(`a page begins within a subtree, at leaf ${count}`);
    for (let from = 0; from < rows.length; from += SUBTREE) {
      const part = rows.slice(from, from + SUBTREE);
      roots.push((await treeOf(part, hash)).root);
      firsts.push(keyOf(part[0]!));
      await nextTurn();
    }
    count += rows.length;
  }
  const top = { roots: Buffer.concat(roots), firsts: Buffer.concat(firsts) };
  return { count, root: (await HashTree.of(top.roots, hash)).root, top };
}

/** The subtrees of a pass, and what lies above them. */
export class UpperTree {
  readonly #tree: HashTree;
  readonly #firsts: Uint8Array;

  private constructor(tree: HashTree, firsts: Uint8Array) {
    this.#tree = tree;
    this.#firsts = firsts;
  }

  static async of({ roots, firsts }: TreeTop, hash: Hash): Promise<UpperTree> {
    return new UpperTree(await HashTree.of(roots, hash), firsts);
  }

  /** Subtrees. */
  get size(): number {
    return this.#tree.count;
  }

  /** Which subtree has it, if one does; -1 where it stands before all. */
  placeOf(receipt: ReceiptKey): number {
    const key = keyOf(receipt);
    let [low, high] = [0, this.size];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (Buffer.compare(this.#firstOf(middle), key) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  first(subtree: number): ReceiptKey {
    const key = Buffer.from(this.#firstOf(subtree));
    return { nodeId: key.toString('hex', 0, HASH_BYTES), revision: key.readUInt16BE(HASH_BYTES) };
  }

  /** From the subtree's root upwards. */
  proof(subtree: number): ProofStep[] {
    return this.#tree.proof(subtree);
  }

  #firstOf(subtree: number): Uint8Array {
    return this.#firsts.subarray(subtree * KEY_BYTES, (subtree + 1) * KEY_BYTES);
  }
}

/** Receipts of one subtree. */
export class LowerTree {
  readonly #tree: HashTree;
  readonly #places: ReadonlyMap<string, number>;

  private constructor(tree: HashTree, places: ReadonlyMap<string, number>) {
    this.#tree = tree;
    this.#places = places;
  }

  /** @param rows one at least. */
  static async of(rows: readonly ReceiptRow[], hash: Hash): Promise<LowerTree> {
    return new LowerTree(await treeOf(rows, hash), new Map(rows.map((row, i) => [nameOf(row), i])));
  }

  /** Leaves. */
  get size(): number {
    return this.#tree.count;
  }

  /** From the leaf to the subtree's root; undefined where the pass wrote no such receipt. */
  proof(receipt: ReceiptKey): ProofStep[] | undefined {
    const place = this.#places.get(nameOf(receipt));
    return place === undefined ? undefined : this.#tree.proof(place);
  }
}

/** Names a receipt of a pass; a node that was revised within it has two. */
export type ReceiptKey = Pick<ReceiptRow, 'nodeId' | 'revision'>;

function treeOf(rows: readonly ReceiptRow[], hash: Hash): Promise<HashTree> {
  return HashTree.of(Buffer.concat(rows.map(({ body }) => leafHash(body, hash))), hash);
}

function nameOf({ nodeId, revision }: ReceiptKey): string {
  return `${nodeId} ${revision}`;
}

/** Compares as bytes as the two do. */
function keyOf({ nodeId, revision }: ReceiptKey): Uint8Array {
  const key = Buffer.alloc(KEY_BYTES);
  key.write(nodeId, 'hex');
  key.writeUInt16BE(revision, HASH_BYTES);
  return key;
}
