import { decodeBase64url, encodeBase64url } from './base64url.ts';

export const MAX_UINT256: bigint = 2n ** 256n - 1n;

/** Chainweb writes targets, weights and proof-of-work hashes as 32 bytes, least significant first. */
export function readUint256(bytes: Uint8Array, offset = 0): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 32);
  return (
    (view.getBigUint64(24, true) << 192n) |
    (view.getBigUint64(16, true) << 128n) |
    (view.getBigUint64(8, true) << 64n) |
    view.getBigUint64(0, true)
  );
}

/** @throws RangeError for a value outside 0..2^256-1, instead of wrapping it around. */
export function writeUint256(value: bigint, bytes: Uint8Array, offset = 0): void {
  if (value < 0n || value > MAX_UINT256) {
    throw new RangeError(`${value} is no unsigned 256-bit number`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 32);
  for (let word = 0; word < 4; word += 1) {
    view.setBigUint64(word * 8, BigInt.asUintN(64, value >> BigInt(word * 64)), true);
  }
}

export function uint256Text(value: bigint): string {
  const bytes = new Uint8Array(32);
  writeUint256(value, bytes);
  return encodeBase64url(bytes);
}

/** @returns undefined unless the text is base64url of exactly 32 bytes. */
export function parseUint256(text: string): bigint | undefined {
  const bytes = decodeBase64url(text);
  return bytes?.length === 32 ? readUint256(bytes) : undefined;
}
