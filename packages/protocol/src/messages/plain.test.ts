import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '../limits.ts';
import { readPlain, writePlain } from './plain.ts';

describe('a message before authentication', () => {
  it('carries its type and payload', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 255 }), fc.uint8Array({ maxLength: 4_094 }), (type, payload) => {
        expect(readPlain(writePlain(type, payload))).toEqual({ type, payload });
      }),
    );
  });

  it.each([
    ['is empty', new Uint8Array(0), 'malformed'],
    ['has no type', Uint8Array.of(1), 'malformed'],
    ['has another version', Uint8Array.of(2, 1), 'unsupported_version'],
    ['has version 0', Uint8Array.of(0, 1), 'unsupported_version'],
    ['is larger than 4 KiB', new Uint8Array(LIMITS.preAuthBytes + 1).fill(1), 'too_large'],
  ])('is refused when it %s', (_, message, code) => {
    expect(() => readPlain(message)).toThrow(expect.objectContaining({ code }));
  });
});
