import { hash } from 'node:crypto';

// The one place of this folder that knows which implementation hashes. A 'binary' string and back costs half of asking
// OpenSSL's binding for a Buffer (measured on Node 24).
export function sha512t256(bytes: Uint8Array): Uint8Array {
  return Buffer.from(hash('sha512-256', bytes, 'binary'), 'latin1');
}

export function blake2s256(bytes: Uint8Array): Uint8Array {
  return Buffer.from(hash('blake2s256', bytes, 'binary'), 'latin1');
}
