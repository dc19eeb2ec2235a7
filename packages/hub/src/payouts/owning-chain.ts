import { blake2b } from '@noble/hashes/blake2.js';
import { utf8 } from '@stoa/protocol';

/** BLAKE2b at 256 bits. */
export function blake2b256(bytes: Uint8Array): Uint8Array {
  return blake2b(bytes, { dkLen: 32 });
}

/** The chain on which an account is minted to: fixed by its name (domain.md, Daily mint). */
export function owningChain(account: string, chains = 10): number {
  const [high = 0, low = 0] = blake2b256(utf8(account));
  return (high * 256 + low) % chains;
}
