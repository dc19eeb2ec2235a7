import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyText, parseKeyText, sameHash } from './key-text.ts';

const seeded = fc.uint8Array({ minLength: 40, maxLength: 40 });
const made = seeded.map((bytes) => {
  let taken = 0;
  return createKeyText((count) => {
    taken += count;
    return bytes.slice(taken - count, taken);
  });
});

describe('the text of an API key', () => {
  it('gives back its id and its hash, and nothing of the secret', () => {
    fc.assert(
      fc.property(made, ({ text, keyId, hash }) => {
        const parsed = parseKeyText(text)!;
        expect(parsed.keyId).toBe(keyId);
        expect(sameHash(parsed.hash, hash)).toBe(true);
        expect(text).not.toContain(Buffer.from(hash).toString('hex'));
      }),
    );
  });

  it('has one form: changed in any character it is another key or none', () => {
    const character = fc.constantFrom(...'abcXYZ019_-= .\n\0é');
    fc.assert(
      fc.property(made, fc.nat(), character, ({ text, keyId, hash }, at, replacement) => {
        const i = at % text.length;
        const changed = text.slice(0, i) + replacement + text.slice(i + 1);
        const parsed = parseKeyText(changed);
        expect(
          parsed === undefined || changed === text || parsed.keyId !== keyId || !sameHash(parsed.hash, hash),
        ).toBe(true);
      }),
    );
  });

  it('is found in no other text', () => {
    fc.assert(
      fc.property(made, fc.string({ unit: 'binary', minLength: 1, maxLength: 80 }), ({ text }, other) => {
        for (const wrong of [other, other + text, text + other]) expect(parseKeyText(wrong)).toBeUndefined();
      }),
    );
  });
});
