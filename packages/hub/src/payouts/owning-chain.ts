import { blake2b } from '@noble/hashes/blake2.js';

export { owningChain } from '@stoa/protocol/mint';

/** BLAKE2b at 256 bits. */
export function blake2b256(bytes: Uint8Array): Uint8Array {
  return blake2b(bytes, { dkLen: 32 });
}
