import { hashText } from './block-hash.ts';
import { blake2s256 } from './hashing.ts';
import { encodeWork, type Header, NONCE_OFFSET } from './header.ts';
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

/** The same identity from the 286 mined bytes. */
export function workHash(work: Uint8Array): string {
  const field = (start: number, end: number): Uint8Array => work.subarray(start, end);
  return hashText(
    merkleRoot([
      inputLeaf(TAG.featureFlags, field(0, 8)),
      inputLeaf(TAG.creationTime, field(8, 16)),
      field(16, 48),
      inputLeaf(TAG.target, field(158, 190)),
      field(190, 222),
      inputLeaf(TAG.chain, field(222, 226)),
      inputLeaf(TAG.weight, field(226, 258)),
      inputLeaf(TAG.height, field(258, 266)),
      inputLeaf(TAG.versionCode, field(266, 270)),
      inputLeaf(TAG.epochStart, field(270, NONCE_OFFSET)),
      inputLeaf(TAG.nonce, field(NONCE_OFFSET, work.length)),
      field(54, 86),
      field(90, 122),
      field(126, 158),
    ]),
  );
}
