import { hashText } from './block-hash.ts';
import { blake2s256 } from './hashing.ts';
import { encodeWork, type Header } from './header.ts';
import { ADJACENT_BYTES, ADJACENTS, AT, HASH_BYTES } from './layout.ts';
import { inputLeaf, merkleRoot } from './merkle.ts';

/** Types of header fields in chainweb's hash universe. Hashes enter the tree as they are, without a tag. */
const TAG = {
  chain: 0x02,
  height: 0x03,
  weight: 0x04,
  featureFlags: 0x06,
  creationTime: 0x07,
  versionCode: 0x08,
  target: 0x11,
  epochStart: 0x19,
  nonce: 0x20,
} as const;

/** The Merkle root over the fields, which is the identity of the block. */
export function headerHash(header: Omit<Header, 'hash'>): string {
  return workHash(encodeWork(header));
}

/** The number, little-endian, that has to meet the target. */
export function powHash(header: Omit<Header, 'hash'>): Uint8Array {
  return blake2s256(encodeWork(header));
}

/** The identity of a block from its 286 mined bytes. */
export function workHash(work: Uint8Array): string {
  const field = (offset: number, length: number): Uint8Array => work.subarray(offset, offset + length);
  const leaf = (name: keyof typeof TAG, length: number): Uint8Array =>
    inputLeaf(TAG[name], field(AT[name], length));
  const leaves = [
    leaf('featureFlags', 8),
    leaf('creationTime', 8),
    field(AT.parent, HASH_BYTES),
    leaf('target', 32),
    field(AT.payloadHash, HASH_BYTES),
    leaf('chain', 4),
    leaf('weight', 32),
    leaf('height', 8),
    leaf('versionCode', 4),
    leaf('epochStart', 8),
    leaf('nonce', 8),
  ];
  for (let index = 0; index < ADJACENTS; index += 1) {
    leaves.push(field(AT.adjacents + index * ADJACENT_BYTES + 4, HASH_BYTES));
  }
  return hashText(merkleRoot(leaves));
}
