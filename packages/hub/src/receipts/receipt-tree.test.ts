import { merkleTree, rootFromProof, toHex } from '@stoa/protocol';
import { seededRandom } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ReceiptTree } from './receipt-tree.ts';

const { hash } = nodeCrypto;

function rowsOf(count: number) {
  const random = seededRandom(`rows ${count}`);
  const ids = Array.from({ length: count }, () => toHex(random(32))).sort();
  // Every third node was revised within the pass.
  return ids.flatMap((nodeId, i) =>
    Array.from({ length: i % 3 === 0 ? 2 : 1 }, (_, revision) => ({ nodeId, revision, body: random(20) })),
  );
}

async function* pages<T>(rows: readonly T[], size: number): AsyncGenerator<readonly T[]> {
  for (let from = 0; from < rows.length; from += size) yield rows.slice(from, from + size);
}

describe('the tree of a pass', () => {
  it('is the one of the protocol, root and paths, in whatever pages it is read', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 9 }), async (count, size) => {
        const rows = rowsOf(count);
        const mine = await ReceiptTree.of(pages(rows, size), hash);
        const theirs = merkleTree(
          rows.map(({ body }) => body),
          hash,
        );
        expect([mine.size, toHex(mine.root)]).toEqual([rows.length, toHex(theirs.root)]);
        for (const [i, { nodeId, revision, body }] of rows.entries()) {
          const path = mine.proof(Buffer.from(nodeId, 'hex'), revision)!;
          expect(path).toEqual(theirs.proof(i));
          expect(rootFromProof(body, path, hash)).toEqual(theirs.root);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('has no path for what the pass did not write', async () => {
    const rows = rowsOf(4);
    const tree = await ReceiptTree.of(pages(rows, 3), hash);
    expect(tree.proof(Buffer.from(rows[2]!.nodeId, 'hex'), 7)).toBeUndefined();
    expect(tree.proof(new Uint8Array(32), 0)).toBeUndefined();
    expect(tree.proof(new Uint8Array(32).fill(255), 0)).toBeUndefined();
    await expect(ReceiptTree.of(pages([], 1), hash)).rejects.toThrow(RangeError);
  });

  it('is made of as many receipts as a region has nodes', async () => {
    const body = Uint8Array.of(1);
    const rows = Array.from({ length: 150_000 }, (_, i) => ({
      ...{ nodeId: i.toString(16).padStart(64, '0'), revision: 0, body },
    }));
    const tree = await ReceiptTree.of(pages(rows, 2_000), hash);
    expect(tree.size).toBe(150_000);
    expect(tree.proof(Buffer.from(rows[77_777]!.nodeId, 'hex'), 0)).toHaveLength(18);
  });
});
