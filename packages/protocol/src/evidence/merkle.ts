import { concat } from '../bytes.ts';
import type { Signatures } from '../crypto/suite.ts';

/*
 * The tree of RFC 6962 with our hash: leaves are prefixed with 0, nodes with 1, so neither can pass for the other.
 * A region publishes the root of each hour's receipts.
 */
type Hash = Signatures['hash'];

const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

/** Which side the sibling stands on, from the leaf upwards. */
export interface ProofStep {
  readonly side: 'left' | 'right';
  readonly hash: Uint8Array;
}

function split(count: number): number {
  let half = 1;
  while (half * 2 < count) half *= 2;
  return half;
}

export function merkleRoot(leaves: readonly Uint8Array[], hash: Hash): Uint8Array {
  if (leaves.length === 0) return hash();
  if (leaves.length === 1) return hash(LEAF, leaves[0]!);
  const half = split(leaves.length);
  return hash(NODE, concat(merkleRoot(leaves.slice(0, half), hash), merkleRoot(leaves.slice(half), hash)));
}

export function merkleProof(leaves: readonly Uint8Array[], index: number, hash: Hash): ProofStep[] {
  if (index < 0 || index >= leaves.length) throw new RangeError(`leaf ${index} of ${leaves.length}`);
  if (leaves.length === 1) return [];
  const half = split(leaves.length);
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)];
  return index < half
    ? [...merkleProof(left, index, hash), { side: 'right', hash: merkleRoot(right, hash) }]
    : [...merkleProof(right, index - half, hash), { side: 'left', hash: merkleRoot(left, hash) }];
}

export function rootFromProof(leaf: Uint8Array, proof: readonly ProofStep[], hash: Hash): Uint8Array {
  return proof.reduce(
    (below, step) => hash(NODE, step.side === 'left' ? concat(step.hash, below) : concat(below, step.hash)),
    hash(LEAF, leaf),
  );
}
