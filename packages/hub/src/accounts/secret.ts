import { createHash, timingSafeEqual } from 'node:crypto';

/** Fills with unpredictable bytes. */
export type Random = (bytes: number) => Uint8Array;

const SECRET_BYTES = 32;
const SECRET_TEXT = /^[A-Za-z0-9_-]{43}$/;

/** A secret that its holder shows and the hub only knows by hash: at 256 random bits a plain hash can't be searched. */
export interface Secret {
  readonly text: string;
  readonly hash: Buffer;
}

export function createSecret(random: Random): Secret {
  const text = Buffer.from(random(SECRET_BYTES)).toString('base64url');
  return { text, hash: hashOf(text) };
}

/** The hash of a shown secret; undefined for what can't be one. */
export function secretHash(text: string): Buffer | undefined {
  return SECRET_TEXT.test(text) ? hashOf(text) : undefined;
}

export function sameHash(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
