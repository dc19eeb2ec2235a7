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

export interface MerkleTree {
  readonly root: Uint8Array;
  /** @throws RangeError where there is no such leaf. */
  proof(index: number): ProofStep[];
}

/** Hashes each leaf once; proofs then cost no hashing. */
export function merkleTree(leaves: readonly Uint8Array[], hash: Hash): MerkleTree {
  const levels: Uint8Array[][] = [leaves.map((leaf) => hash(LEAF, leaf))];
  for (let level = levels[0]!; level.length > 1; level = levels.at(-1)!) levels.push(pairUp(level, hash));
  return {
    root: levels.at(-1)![0] ?? hash(),
    proof(index) {
      if (!Number.isInteger(index) || index < 0 || index >= leaves.length)
        throw new RangeError(`leaf ${index} of ${leaves.length}`);
      return levels.flatMap((level, depth) => {
        const position = index >> depth;
        const sibling = level[position ^ 1];
        const side = position % 2 === 1 ? ('left' as const) : ('right' as const);
        return sibling === undefined ? [] : [{ side, hash: sibling }];
      });
    },
  };
}

/** An odd one out moves up as it is, which gives the shape of RFC 6962: full to the left. */
function pairUp(level: readonly Uint8Array[], hash: Hash): Uint8Array[] {
  const above: Uint8Array[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const right = level[i + 1];
    above.push(right === undefined ? level[i]! : hash(NODE, level[i]!, right));
  }
  return above;
}

export function merkleRoot(leaves: readonly Uint8Array[], hash: Hash): Uint8Array {
  return merkleTree(leaves, hash).root;
}

export function merkleProof(leaves: readonly Uint8Array[], index: number, hash: Hash): ProofStep[] {
  return merkleTree(leaves, hash).proof(index);
}

export function rootFromProof(leaf: Uint8Array, proof: readonly ProofStep[], hash: Hash): Uint8Array {
  return proof.reduce(
    (below, step) => (step.side === 'left' ? hash(NODE, step.hash, below) : hash(NODE, below, step.hash)),
    hash(LEAF, leaf),
  );
}
