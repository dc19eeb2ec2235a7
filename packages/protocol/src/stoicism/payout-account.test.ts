import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../bytes.ts';
import { MAX_ACCOUNT_BYTES, readPayoutAccount } from './payout-account.ts';

/** Asked of the rule itself, glyph by glyph: an account of one glyph repeated. */
const GLYPHS = Array.from({ length: 0x2300 }, (_, code) => String.fromCodePoint(code)).filter(
  (glyph) => readPayoutAccount(`Ѻ.${glyph.repeat(160)}`).ok,
);
const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
const glyphs = fc.array(fc.constantFrom(...GLYPHS), { minLength: 160, maxLength: 160 });
const anyAccount = fc.oneof(
  hex.map((digits) => `k:${digits}`),
  glyphs.map((body) => `Ѻ.${body.join('')}`),
);
const faultOf = (text: string) => {
  const verdict = readPayoutAccount(text);
  return verdict.ok ? 'ok' : `${verdict.code}: ${verdict.why}`;
};
const KEY = `k:${'5f'.repeat(32)}`;
const OURONET = `Ѻ.${GLYPHS.slice(0, 160).join('')}`;

describe('a payout account', () => {
  it('of Ouronet is written with 256 glyphs, no two of which normal form C makes one', () => {
    expect(GLYPHS).toHaveLength(256);
    expect(new Set(GLYPHS.map((glyph) => glyph.normalize('NFC'))).size).toBe(256);
  });

  it('is taken exactly as it is, and fits a receipt', () => {
    fc.assert(
      fc.property(anyAccount, fc.constantFrom('', ' ', '\n', '\r\n', '\t'), (account, around) => {
        expect(readPayoutAccount(around + account + around)).toMatchObject({ ok: true, account });
        expect(utf8(account).length).toBeLessThanOrEqual(MAX_ACCOUNT_BYTES);
      }),
    );
  });

  it('is never taken where one character is another, too many, or too few', () => {
    const foreign = fc
      .integer({ min: 0x20, max: 0x2fff })
      .map((code) => String.fromCodePoint(code))
      .filter((character) => !GLYPHS.includes(character));
    fc.assert(
      fc.property(
        anyAccount,
        fc.nat(),
        foreign,
        fc.constantFrom('put', 'replace', 'drop'),
        (account, at, character, act) => {
          const characters = [...account];
          const place = 1 + (at % (characters.length - 2));
          characters.splice(place, act === 'put' ? 0 : 1, ...(act === 'drop' ? [] : [character]));
          expect(readPayoutAccount(characters.join('')).ok).toBe(false);
        },
      ),
    );
  });

  it.each([
    ['', /^empty/],
    ['  \n', /^empty/],
    [`${KEY}0`, /^wrong_length: It has 65 hex digits/],
    [KEY.slice(0, -1), /^wrong_length: It has 63/],
    [OURONET.slice(0, -1), /^wrong_length: It has 159 glyphs/],
    [OURONET + OURONET.slice(2), /^wrong_length: It has 320/],
    [KEY.toUpperCase().replace('K', 'k'), /^foreign_character: .*'F' U\+0046.* capital/],
    [
      `${KEY.slice(0, 20)}\u200b${KEY.slice(20)}`,
      /^invisible_character: Character 21, U\+200B ZERO WIDTH SPACE/,
    ],
    [`\ufeff${KEY}`, /^invisible_character: Character 1, U\+FEFF BYTE ORDER MARK/],
    [
      `${OURONET.slice(0, 9)}\u00a0${OURONET.slice(10)}`,
      /^invisible_character: Character 10, U\+00A0 NO-BREAK SPACE/,
    ],
    [`${OURONET.slice(0, 9)}\u0301${OURONET.slice(9)}`, /^invisible_character: Character 10, U\+0301/],
    [`${KEY.slice(0, 30)} ${KEY.slice(30)}`, /^invisible_character: Character 31, U\+0020 SPACE/],
    [`${KEY}\u202e`, /^invisible_character: .*RIGHT-TO-LEFT OVERRIDE/],
    [OURONET.replace('A', 'А'), /^look_alike: .*'А' U\+0410, looks like 'A' \(U\+0041\)/],
    [OURONET.replace('a', 'а'), /^look_alike: .*U\+0430.* looks like 'a'/],
    [KEY.replace('f', 'ｆ'), /^look_alike: .*U\+FF46.* looks like 'f'/],
    [OURONET.replace('Å', '\u212b'), /^not_nfc/],
    [OURONET.replace('Ѻ.', 'ѻ.'), /^look_alike: It begins with 'ѻ\.' \(U\+047B U\+002E\)/],
    [OURONET.replace('Ѻ.', 'O.'), /^look_alike: .*\(U\+004F/],
    [OURONET.replace('Ѻ.', 'Ѻ․'), /^look_alike: .*U\+2024/],
    [KEY.replace(':', '\uff1a'), /^look_alike: .*U\+006B U\+FF1A\), which looks like 'k:'/],
    [KEY.replace('k', 'к'), /^look_alike: .*U\+043A/],
    [OURONET.replace('Ѻ', 'Σ'), /^nobody_signs: .*smart account/],
    [`c:${'a'.repeat(43)}`, /^nobody_signs/],
    [`w:${'a'.repeat(43)}:keys-all`, /^nobody_signs/],
    ['ann@x.example', /^unknown_prefix/],
    ['<script>', /^unknown_prefix/],
  ])('%j is refused by name', (text, told) => {
    expect(faultOf(text)).toMatch(told);
  });

  it('never fails on what anybody types, and says what to do', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const verdict = readPayoutAccount(text);
        expect(verdict.ok || verdict.fix.length > 0).toBe(true);
      }),
    );
  });
});
