import { hash } from 'node:crypto';
import { LIMITS } from '../limits.ts';
import type { Mac } from './suite.ts';

/*
 * HMAC-SHA256 (RFC 2104) as its two hashes, each in one call: node:crypto's `createHmac` builds a stream, a state and a
 * Buffer for every frame, which costs more than the hashing. Text in latin1 is the cheapest way out of the binding.
 * Figures: docs/decisions/session-mac.md. `node.test.ts` compares it with `createHmac`.
 */
const BLOCK = 64;
const KEY = 32;
const DIGEST = 32;
const TAG = 16;

/** A key of 32 bytes leaves the second half of each padded block constant. */
function block(pad: number, room: number): Buffer {
  const bytes = Buffer.alloc(BLOCK + room);
  bytes.fill(pad, 0, BLOCK);
  return bytes;
}

const inner = block(0x36, LIMITS.frameBytes);
const outer = block(0x5c, DIGEST);

function padKey(bytes: Uint8Array, key: Uint8Array, pad: number): void {
  for (let i = 0; i < KEY; i += 1) bytes[i] = key[i]! ^ pad;
}

/** The first bytes of a digest in latin1. */
export function digestBytes(digest: string, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let i = 0; i < count; i += 1) bytes[i] = digest.charCodeAt(i);
  return bytes;
}

/** @param key 32 bytes. Messages are bounded by `LIMITS.frameBytes`. */
export function hmacSha256(key: Uint8Array): Mac {
  if (key.length !== KEY) throw new RangeError(`a MAC key of ${key.length} bytes (expected ${KEY})`);
  const held = Uint8Array.from(key);
  return (message, length = message.length) => {
    if (message.length > LIMITS.frameBytes)
      throw new RangeError(`${message.length} bytes to authenticate; ${LIMITS.frameBytes} are the bound`);
    padKey(inner, held, 0x36);
    inner.set(message, BLOCK);
    padKey(outer, held, 0x5c);
    outer.write(hash('sha256', inner.subarray(0, BLOCK + length), 'binary'), BLOCK, 'latin1');
    return digestBytes(hash('sha256', outer, 'binary'), TAG);
  };
}
