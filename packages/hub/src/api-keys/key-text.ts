import { createHash, timingSafeEqual } from 'node:crypto';

/** `stoa_<id>_<secret>`: the prefix is what secret scanners look for, the id is public, 256 random bits are the secret. */
const TEXT = /^stoa_([0-9a-f]{16})_([A-Za-z0-9_-]{43})$/;
const ID_BYTES = 8;
const SECRET_BYTES = 32;

export interface ParsedKey {
  /** 16 hex digits. */
  readonly keyId: string;
  /** SHA-256 of the secret as text: all that is stored. A plain hash of 256 random bits can't be searched. */
  readonly hash: Uint8Array;
}

/** @returns the key as it is shown once, and what is stored of it. */
export function createKeyText(random: (bytes: number) => Uint8Array): ParsedKey & { text: string } {
  const keyId = Buffer.from(random(ID_BYTES)).toString('hex');
  const secret = Buffer.from(random(SECRET_BYTES)).toString('base64url');
  return { keyId, hash: hashOf(secret), text: `stoa_${keyId}_${secret}` };
}

/** @returns undefined for what can't be a key. */
export function parseKeyText(text: string): ParsedKey | undefined {
  const [, keyId, secret] = TEXT.exec(text) ?? [];
  return keyId === undefined || secret === undefined ? undefined : { keyId, hash: hashOf(secret) };
}

/** Constant time over equal lengths, which these have. */
export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function hashOf(secret: string): Uint8Array {
  return createHash('sha256').update(secret).digest();
}
