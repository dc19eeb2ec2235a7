import { merkleTree, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { describe, expect, it } from 'vitest';
import type { ReceiptRow } from './receipt-tree.ts';
import { buildTree, LowerTree, SUBTREE, UpperTree } from './receipt-tree.ts';

const { hash } = nodeCrypto;
const PAGE = 8 * SUBTREE;

/** By node; every seventh was revised within the pass. */
function receipts(count: number): ReceiptRow[] {
  return Array.from({ length: count }, (_, i) => {
    const isSecond = i % 7 === 6;
    const id = new Uint8Array(32);
    new DataView(id.buffer).setUint32(0, isSecond ? i - 1 : i);
    return { nodeId: toHex(id), revision: isSecond ? 1 : 0, body: Uint8Array.of(i, i >> 8, i >> 16, 1) };
  });
}

async function* pages(rows: readonly ReceiptRow[]) {
  for (let from = 0; from < rows.length; from += PAGE) yield rows.slice(from, from + PAGE);
}

describe('the tree of a pass', () => {
  it.each([1, 2, SUBTREE - 1, SUBTREE, SUBTREE + 1, 3 * SUBTREE, PAGE + 5])(
    'of %i receipts is that of the protocol, by what is kept and one subtree',
    async (count) => {
      const rows = receipts(count);
      const plain = merkleTree(
        rows.map(({ body }) => body),
        hash,
      );
      const built = await buildTree(pages(rows), hash);
      expect([built.count, toHex(built.root)]).toEqual([count, toHex(plain.root)]);
      const upper = await UpperTree.of(built.top, hash);
      for (const leaf of new Set([0, 5, 6, SUBTREE - 1, SUBTREE, count >> 1, count - 1])) {
        if (leaf >= count) continue;
        const row = rows[leaf]!;
        const place = upper.placeOf(row);
        const { nodeId, revision } = upper.first(place);
        const first = rows.findIndex((one) => one.nodeId === nodeId && one.revision === revision);
        const lower = await LowerTree.of(rows.slice(first, first + SUBTREE), hash);
        const path = [...lower.proof(row)!, ...upper.proof(place)];
        expect(path.map((step) => [step.side, toHex(step.hash)])).toEqual(
          plain.proof(leaf).map((step) => [step.side, toHex(step.hash)]),
        );
        expect(lower.proof({ ...row, revision: 9 })).toBeUndefined();
      }
      expect(upper.placeOf({ nodeId: 'f'.repeat(64), revision: 0 })).toBe(upper.size - 1);
    },
  );

  it('is built of more receipts than a call has room for arguments', async () => {
    const count = 200_000;
    const rows = receipts(PAGE);
    async function* many() {
      for (let left = count; left > 0; left -= PAGE) yield rows.slice(0, left);
    }
    // Any hash has the shape of the tree.
    const { count: built, top } = await buildTree(many(), () => new Uint8Array(32));
    expect([built, top.roots.length]).toEqual([count, Math.ceil(count / SUBTREE) * 32]);
  });
});
