import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../bytes.ts';
import { nodeCrypto } from '../crypto/node.ts';
import { portableCrypto } from '../crypto/portable.ts';
import { merkleProof, merkleRoot, merkleTree, rootFromProof } from './merkle.ts';

const { hash } = nodeCrypto;
const leaves = fc.array(fc.uint8Array({ maxLength: 8 }), { minLength: 1, maxLength: 40 });

/** RFC 6962 §2.1 to the letter. */
function model(items: readonly Uint8Array[]): Uint8Array {
  if (items.length === 0) return hash();
  if (items.length === 1) return hash(concat(Uint8Array.of(0), items[0]!));
  let half = 1;
  while (half * 2 < items.length) half *= 2;
  return hash(concat(Uint8Array.of(1), model(items.slice(0, half)), model(items.slice(half))));
}

describe('the Merkle tree of receipts', () => {
  it('has the root of RFC 6962, in both implementations', () => {
    fc.assert(
      fc.property(leaves, (items) => {
        expect(merkleRoot(items, hash)).toEqual(model(items));
      }),
    );
    for (let count = 0; count <= 20; count += 1) {
      const items = Array.from({ length: count }, (_, i) => Uint8Array.of(i));
      expect(merkleRoot(items, portableCrypto.hash)).toEqual(model(items));
    }
  });

  it('proves each of its leaves', () => {
    fc.assert(
      fc.property(leaves, (items) => {
        const { root, proof } = merkleTree(items, hash);
        for (const [index, leaf] of items.entries()) {
          expect(rootFromProof(leaf, proof(index), hash)).toEqual(root);
          expect(proof(index).length).toBeLessThanOrEqual(Math.ceil(Math.log2(items.length)));
        }
      }),
    );
  });

  it('proves no other leaf, and nothing with a changed proof', () => {
    fc.assert(
      fc.property(leaves, fc.nat(), fc.nat(), fc.nat(255), (items, at, step, byte) => {
        const index = at % items.length;
        const { root, proof } = merkleTree(items, hash);
        const steps = proof(index);
        const other = concat(items[index]!, Uint8Array.of(byte));
        expect(rootFromProof(other, steps, hash)).not.toEqual(root);
        fc.pre(steps.length > 0);
        const altered = steps.map((entry, i) =>
          i === step % steps.length
            ? { ...entry, hash: entry.hash.map((b, j) => (j === 0 ? b ^ 1 : b)) }
            : entry,
        );
        expect(rootFromProof(items[index]!, altered, hash)).not.toEqual(root);
        expect(rootFromProof(items[index]!, steps.slice(1), hash)).not.toEqual(root);
      }),
    );
  });

  it('cannot be given a leaf that is made of two nodes (second preimage)', () => {
    const items = [0, 1, 2, 3].map((i) => Uint8Array.of(i));
    const nodes = [merkleRoot(items.slice(0, 2), hash), merkleRoot(items.slice(2), hash)];
    const root = merkleRoot(items, hash);
    expect(merkleRoot([concat(...nodes)], hash)).not.toEqual(root);
    expect(merkleRoot(nodes, hash)).not.toEqual(root);
    expect(rootFromProof(concat(...nodes), [], hash)).not.toEqual(root);
  });

  it('depends on the order and the number of its leaves', () => {
    const [a, b, c] = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)];
    expect(merkleRoot([a, b], hash)).not.toEqual(merkleRoot([b, a], hash));
    expect(merkleRoot([a, b, c], hash)).not.toEqual(merkleRoot([a, b, c, c], hash));
    expect(merkleRoot([], hash)).not.toEqual(merkleRoot([new Uint8Array(0)], hash));
  });

  it.each([-1, 3, 0.5, Number.NaN])('has no leaf %d of three', (index) => {
    const items = [1, 2, 3].map((i) => Uint8Array.of(i));
    expect(() => merkleProof(items, index, hash)).toThrow(RangeError);
  });
});
