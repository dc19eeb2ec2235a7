/**
 * The binary form of a header on graphs of degree three: offsets in bytes, all numbers little-endian. What is mined is
 * everything before the hash.
 */
export const AT = {
  featureFlags: 0,
  creationTime: 8,
  parent: 16,
  adjacentCount: 48,
  adjacents: 50,
  target: 158,
  payloadHash: 190,
  chain: 222,
  weight: 226,
  height: 258,
  versionCode: 266,
  epochStart: 270,
  nonce: 278,
  hash: 286,
} as const;

export const HASH_BYTES = 32;
export const WORK_BYTES: number = AT.hash;
export const HEADER_BYTES: number = AT.hash + HASH_BYTES;

/** Adjacent parents of a header, and the bytes of one: chain u32, hash. */
export const ADJACENTS = 3;
export const ADJACENT_BYTES: number = 4 + HASH_BYTES;
