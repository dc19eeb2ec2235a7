import { merkleTree, rootFromProof, toHex } from '@stoa/protocol';
import { seededRandom } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { idBytes, OrderTree } from './order-tree.ts';

const { hash } = nodeCrypto;
const idsOf = (count: number) => {
  const random = seededRandom(`ids ${count}`);
  return Array.from({ length: count }, () => random(32)).sort(Buffer.compare);
};
const treeOf = (ids: readonly Uint8Array[]) => OrderTree.of(idBytes(ids.map(toHex)), hash);

describe('the tree of an order', () => {
  it('is the one of the protocol, root and paths', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 70 }), async (count) => {
        const ids = idsOf(count);
        const [mine, theirs] = [await treeOf(ids), merkleTree(ids, hash)];
        expect(mine.root).toEqual(theirs.root);
        expect(mine.size).toBe(count);
        for (const [i, id] of ids.entries()) {
          expect(mine.proof(id)).toEqual(theirs.proof(i));
          expect(rootFromProof(id, mine.proof(id)!, hash)).toEqual(mine.root);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('has no path for others, and is none of no nodes', async () => {
    const tree = await treeOf(idsOf(9));
    for (const id of idsOf(8)) expect(tree.proof(id)).toBeUndefined();
    await expect(OrderTree.of(new Uint8Array(0), hash)).rejects.toThrow(RangeError);
    await expect(OrderTree.of(new Uint8Array(33), hash)).rejects.toThrow(RangeError);
  });
});
