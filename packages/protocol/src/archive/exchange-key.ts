import { createHash } from 'node:crypto';

/** The field of Curve25519 (RFC 7748). */
const P = 2n ** 255n - 19n;

/** u = (1 + y) / (1 - y): the X25519 key of an Ed25519 key, as both curves are one (RFC 7748, 4.1). */
export function exchangePublicKey(ed25519: Uint8Array): Uint8Array {
  const y = littleEndian(ed25519) & (2n ** 255n - 1n);
  const u = mod((1n + y) * power(mod(1n - y), P - 2n));
  return Uint8Array.from({ length: 32 }, (_, index) => Number((u >> BigInt(8 * index)) & 0xffn));
}

/** The secret scalar that Ed25519 derives from its seed (RFC 8032, 5.1.5) is the one of that X25519 key. */
export function exchangeSecret(seed: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha512').update(seed).digest().subarray(0, 32));
}

function littleEndian(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function mod(value: bigint): bigint {
  return ((value % P) + P) % P;
}

function power(base: bigint, exponent: bigint): bigint {
  let [result, square] = [1n, base];
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = mod(result * square);
    square = mod(square * square);
  }
  return result;
}
