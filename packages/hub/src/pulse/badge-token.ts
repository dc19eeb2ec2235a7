import { createHash, timingSafeEqual } from 'node:crypto';

const TOKEN_BYTES = 16;
const TOKEN = /^[A-Za-z0-9_-]{22}$/;

/** What the address of a private node's badge holds. It opens the badge and nothing else. */
export function createBadgeToken(random: (bytes: number) => Uint8Array): { text: string; hash: Buffer } {
  const text = Buffer.from(random(TOKEN_BYTES)).toString('base64url');
  return { text, hash: hashOf(text) };
}

export function opensBadge(text: string | undefined, hash: Uint8Array | undefined): boolean {
  return text !== undefined && hash !== undefined && TOKEN.test(text) && timingSafeEqual(hashOf(text), hash);
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
