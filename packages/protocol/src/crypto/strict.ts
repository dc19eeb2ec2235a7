import { fromHex, toHex } from '../bytes.ts';

/*
 * Ed25519 as libraries do it is laxer than we want, and differs from one to the next: tweetnacl takes S + L for S (a
 * second valid signature); tweetnacl and OpenSSL 3.0 take keys of small order, for which one signature fits every
 * message (OpenSSL 3.5 does not). These checks run before either.
 */

/** The order of the base point, little-endian. */
const L = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');
/** 2^255 - 19, little-endian. */
const P = fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f');

/** The y coordinates of the eight points of small order, canonical, sign bit cleared. */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
]);

function lessThan(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 31; i >= 0; i -= 1) if (a[i] !== b[i]) return a[i]! < b[i]!;
  return false;
}

/** Whether these 32 bytes are the canonical encoding of a point that is not of small order. */
export function isStrongPublicKey(publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32) return false;
  const y = publicKey.slice();
  y[31] = y[31]! & 0x7f;
  return lessThan(y, P) && !SMALL_ORDER_Y.has(toHex(y));
}

/** Whether the signature's scalar is reduced (S < L), so that it cannot be altered into another valid one. */
export function isReducedSignature(signature: Uint8Array): boolean {
  return signature.length === 64 && lessThan(signature.subarray(32), L);
}
