import { fromHex } from '../bytes.ts';

/*
 * Ed25519 as libraries do it is laxer than we want, and differs from one to the next: tweetnacl takes S + L for S (a
 * second valid signature); tweetnacl and OpenSSL 3.0 take keys of small order, for which one signature fits every
 * message (OpenSSL 3.5 does not); OpenSSL 3.5 alone refuses an R of small order. These checks run before either.
 */

/** The order of the base point, little-endian. */
const L = fromHex('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010');
/** 2^255 - 19, little-endian. */
const P = fromHex('edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f');

/** The y coordinates of the eight points of small order, canonical, sign bit cleared. */
const SMALL_ORDER_Y = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
].map(fromHex);

/** Whether `bytes` from `at`, its top bit cleared, is the little-endian number `y`. */
function isY(bytes: Uint8Array, at: number, y: Uint8Array): boolean {
  if ((bytes[at + 31]! & 0x7f) !== y[31]) return false;
  for (let i = 0; i < 31; i += 1) if (bytes[at + i] !== y[i]) return false;
  return true;
}

/** Whether `bytes` from `at`, its top bit cleared unless it counts, is below `bound`. */
function isBelow(bytes: Uint8Array, at: number, bound: Uint8Array, top: number): boolean {
  const last = bytes[at + 31]! & top;
  if (last !== bound[31]) return last < bound[31]!;
  for (let i = 30; i >= 0; i -= 1) if (bytes[at + i] !== bound[i]) return bytes[at + i]! < bound[i]!;
  return false;
}

function isStrongPoint(bytes: Uint8Array, at: number): boolean {
  return isBelow(bytes, at, P, 0x7f) && !SMALL_ORDER_Y.some((y) => isY(bytes, at, y));
}

/** Whether these 32 bytes are the canonical encoding of a point that is not of small order. */
export function isStrongPublicKey(publicKey: Uint8Array): boolean {
  return publicKey.length === 32 && isStrongPoint(publicKey, 0);
}

/**
 * Whether the signature's scalar is reduced (S < L), so that it cannot be altered into another valid one, and its R is
 * canonical and not of small order, which no signer makes and the implementations judge differently.
 */
export function isReducedSignature(signature: Uint8Array): boolean {
  return signature.length === 64 && isBelow(signature, 32, L, 0xff) && isStrongPoint(signature, 0);
}
