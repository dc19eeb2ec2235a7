import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, equalBytes, fromBase64Url, fromHex, toBase64Url, toHex } from './bytes.ts';

describe('texts for bytes', () => {
  it('are those of the platform', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
        expect(toBase64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'));
        expect(fromHex(toHex(bytes))).toEqual(bytes);
        expect(fromBase64Url(toBase64Url(bytes))).toEqual(bytes);
      }),
    );
  });

  it.each(['A', 'AB=', 'AB==', 'AB', 'A+', 'A/', 'A A', 'Ä', '\n'])(
    'are canonical: %j is refused',
    (text) => {
      expect(() => fromBase64Url(text)).toThrow(RangeError);
    },
  );

  it.each(['0', 'zz', '0x', ' 00', '00 '])('are hex digits in pairs: %j is refused', (text) => {
    expect(() => fromHex(text)).toThrow(RangeError);
  });
});

describe('equalBytes', () => {
  it('says what comparing byte for byte says', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 3, max: 2 }),
        fc.uint8Array({ maxLength: 3, max: 2 }),
        (a, b) => {
          expect(equalBytes(a, b)).toBe(Buffer.from(a).equals(b));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('concat', () => {
  it('joins in order', () => {
    expect(concat(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3))).toEqual(Uint8Array.of(1, 2, 3));
  });
});
