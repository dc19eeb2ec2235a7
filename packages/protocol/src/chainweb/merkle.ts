import { sha512t256 } from './hashing.ts';

// RFC 6962 domain separation: leaves and nodes can never be taken for each other.
const LEAF = 0;
const NODE = 1;

/** The leaf of a typed value. The tag is the value's type in chainweb's hash universe, big-endian. */
export function inputLeaf(tag: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(3 + value.length);
  bytes[0] = LEAF;
  bytes[1] = tag >> 8;
  bytes[2] = tag & 0xff;
  bytes.set(value, 3);
  return sha512t256(bytes);
}

/** The root of an RFC 6962 tree: the left subtree of n leaves holds the largest power of two below n. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves;
  if (first === undefined) {
    throw new RangeError('a Merkle tree has at least one leaf');
  }
  if (leaves.length === 1) {
    return first;
  }
  const split = 2 ** Math.floor(Math.log2(leaves.length - 1));
  const bytes = new Uint8Array(65);
  bytes[0] = NODE;
  bytes.set(merkleRoot(leaves.slice(0, split)), 1);
  bytes.set(merkleRoot(leaves.slice(split)), 33);
  return sha512t256(bytes);
}
