import { decodeBase64url, encodeBase64url } from './base64url.ts';
import { HeaderFormatError } from './error.ts';
import { HASH_BYTES } from './layout.ts';

/** Hashes are carried as base64url text of 43 characters: the form of every chainweb API, and a map key. */
export function hashText(bytes: Uint8Array): string {
  if (bytes.length !== HASH_BYTES) {
    throw new HeaderFormatError(`a hash has ${HASH_BYTES} bytes, not ${bytes.length}`);
  }
  return encodeBase64url(bytes);
}

/** @throws HeaderFormatError unless the text is a hash. */
export function hashBytes(text: string): Uint8Array {
  const bytes = decodeBase64url(text);
  if (bytes?.length !== HASH_BYTES) {
    throw new HeaderFormatError(
      `"${text.slice(0, 60)}" is no hash: expected base64url of ${HASH_BYTES} bytes`,
    );
  }
  return bytes;
}

export function isHash(text: unknown): text is string {
  return typeof text === 'string' && text.length === 43 && decodeBase64url(text)?.length === HASH_BYTES;
}
