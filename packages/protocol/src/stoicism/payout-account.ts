import { toHex, utf8 } from '../bytes.ts';
import type { Signatures } from '../crypto/suite.ts';

/** Accounts that may be paid: `k:` and 64 hex digits, or `Ѻ.` and 160 glyphs of Ouronet. */

export type PayoutAccountKind = 'k' | 'ouronet';

export type AccountFaultCode =
  | 'empty'
  | 'not_nfc'
  | 'invisible_character'
  | 'look_alike'
  | 'foreign_character'
  | 'wrong_length'
  | 'unknown_prefix'
  | 'nobody_signs';

export type PayoutAccountVerdict =
  | { readonly ok: true; readonly account: string; readonly kind: PayoutAccountKind }
  | { readonly ok: false; readonly code: AccountFaultCode; readonly why: string; readonly fix: string };

/** U+047A, which is the first character of every standard account of Ouronet. */
const ROUND_OMEGA = '\u047a';
const GLYPHS = 160;
const HEX_DIGITS = 64;
/** Of an account in UTF-8: what a receipt holds. */
export const MAX_ACCOUNT_BYTES = 320;

/** The 256 glyphs of Ouronet, as ranges of code points. Of letters that look alike in two scripts it holds one. */
const ALPHABET =
  /^[$0-9A-Za-z¢£¥À-ÏÑ-ÖØ-ïñ-öø-ÿĂ-ćČ-đĘ-ěĞğŁ-ńŒœŘ-śŞ-šŤťŮůŸ-žȘ-țΓΔΘΛΞΠΣΦΨΩα-ξπ-τφ-ωБДЖ-ЙЛПУЦ-Ябвдж-нпт-фц-яѺ€₱₳₿∇]$/u;

const INVISIBLE = /[\p{C}\p{Z}\p{M}\p{Default_Ignorable_Code_Point}]/u;

/** Which glyph of the alphabet somebody meant by one that is not in it. */
const LOOK_ALIKES = new Map(
  Object.entries({
    ...{
      А: 'A',
      В: 'B',
      Е: 'E',
      К: 'K',
      М: 'M',
      Н: 'H',
      О: 'O',
      Р: 'P',
      С: 'C',
      Т: 'T',
      Х: 'X',
      Ѕ: 'S',
      І: 'I',
      Ј: 'J',
    },
    ...{ а: 'a', е: 'e', о: 'o', р: 'p', с: 'c', х: 'x', ѕ: 's', і: 'i', ј: 'j', ѻ: ROUND_OMEGA },
    ...{
      Α: 'A',
      Β: 'B',
      Ε: 'E',
      Ζ: 'Z',
      Η: 'H',
      Ι: 'I',
      Κ: 'K',
      Μ: 'M',
      Ν: 'N',
      Ο: 'O',
      Ρ: 'P',
      Τ: 'T',
      Υ: 'Y',
      Χ: 'X',
    },
    ...{
      ο: 'o',
      υ: 'u',
      µ: 'μ',
      '∆': 'Δ',
      '∑': 'Σ',
      '∏': 'Π',
      Г: 'Γ',
      Ф: 'Φ',
      ş: 'ș',
      ŝ: 'ś',
      ı: 'i',
      Ð: 'Đ',
      ð: 'đ',
    },
  }).filter(([foreign]) => !ALPHABET.test(foreign)),
);

/** First characters that were meant as the round omega. */
const OMEGA_LIKE = /^[OoОоΟοΘθѲѳӨөѠѡΩωѻ0◯⊙Ɵ]$/u;
const DOT_LIKE = /^[․。．·∙•‧,]$/u;

/**
 * Whether a text names an account that may be paid. Spaces and line ends around it are taken off, as they come along with
 * a copy; whatever else is not exactly the account is refused by its place and its code point, since nobody can see it.
 */
export function readPayoutAccount(text: string): PayoutAccountVerdict {
  const account = text.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
  const characters = [...account];
  if (characters.length === 0) return refuse('empty', 'No account is named.', EXPECTED);
  const hidden = characters.findIndex((character) => INVISIBLE.test(character));
  if (hidden >= 0)
    return refuse(
      'invisible_character',
      `${place(characters, hidden)} is not a visible character of its own.`,
      'Copy the account anew, from the wallet itself.',
    );
  if (account.normalize('NFC') !== account)
    return refuse(
      'not_nfc',
      'It is written with characters that are not in Unicode normal form C.',
      'Copy the account anew, from the wallet itself.',
    );
  const [first, second] = characters;
  if (account.startsWith('k:')) return readKey(account, characters);
  if (first === ROUND_OMEGA && second === '.') return readOuronet(account, characters);
  return refusePrefix(characters);
}

const EXPECTED = `Give an account of the chain, k: and ${HEX_DIGITS} hex digits, or one of Ouronet, ${ROUND_OMEGA}. and ${GLYPHS} glyphs.`;

function readKey(account: string, characters: readonly string[]): PayoutAccountVerdict {
  const wrong = characters.findIndex((character, i) => i > 1 && !/^[0-9a-f]$/.test(character));
  if (wrong >= 0 && /^[A-F]$/.test(characters[wrong]!))
    return refuse(
      'foreign_character',
      `${place(characters, wrong)} is a capital letter.`,
      `Its hex digits are small: ${account.toLowerCase().slice(0, 12)}…`,
    );
  if (wrong >= 0) return refuseCharacter(characters, wrong, /^[0-9a-f]$/, 'a hex digit');
  return sized(
    { account, kind: 'k' },
    { has: characters.length - 2, wants: HEX_DIGITS, of: 'hex digits after k:' },
  );
}

function readOuronet(account: string, characters: readonly string[]): PayoutAccountVerdict {
  const wrong = characters.findIndex((character, i) => i > 1 && !ALPHABET.test(character));
  if (wrong >= 0) return refuseCharacter(characters, wrong, ALPHABET, 'a glyph of Ouronet');
  return sized(
    { account, kind: 'ouronet' },
    { has: characters.length - 2, wants: GLYPHS, of: `glyphs after ${ROUND_OMEGA}.` },
  );
}

function sized(
  named: { account: string; kind: PayoutAccountKind },
  { has, wants, of }: { has: number; wants: number; of: string },
): PayoutAccountVerdict {
  if (has === wants) return { ok: true, ...named };
  return refuse(
    'wrong_length',
    `It has ${has} ${of}; ${wants} are expected.`,
    `It was cut or pasted twice: copy the whole account.`,
  );
}

function refuseCharacter(
  characters: readonly string[],
  at: number,
  allowed: RegExp,
  what: string,
): PayoutAccountVerdict {
  const character = characters[at]!;
  const meant = LOOK_ALIKES.get(character) ?? character.normalize('NFKC');
  const told = place(characters, at);
  return meant !== character && allowed.test(meant)
    ? refuse(
        'look_alike',
        `${told} looks like '${meant}' (${codePoint(meant)}), and is another character.`,
        'Copy the account from the wallet itself: do not type it.',
      )
    : refuse('foreign_character', `${told} is not ${what}.`, EXPECTED);
}

function refusePrefix(characters: readonly string[]): PayoutAccountVerdict {
  const [first = '', second = ''] = characters;
  const meant = meantPrefix(first, second);
  if (meant !== undefined) {
    const points = [...meant].map(codePoint).join(' ');
    return refuse(
      'look_alike',
      `It begins with '${first}${second}' (${codePoint(first)} ${codePoint(second)}), which looks like '${meant}' (${points}) and is not.`,
      'Copy the account from the wallet itself: do not type it.',
    );
  }
  if (second === '.' && (first === 'Σ' || first === 'Π'))
    return refuse(
      'nobody_signs',
      `'${first}.' is a smart account of Ouronet: it belongs to a contract, and nobody can sign for it.`,
      `Give a standard account, which begins with ${ROUND_OMEGA}.`,
    );
  if (second === ':' && /^[a-z]$/.test(first))
    return refuse(
      'nobody_signs',
      `'${first}:' accounts are not paid: their name is not that of one key.`,
      EXPECTED,
    );
  return refuse('unknown_prefix', `It begins with '${characters.slice(0, 2).join('')}'.`, EXPECTED);
}

function meantPrefix(first: string, second: string): string | undefined {
  if ((first === ROUND_OMEGA || OMEGA_LIKE.test(first)) && (second === '.' || DOT_LIKE.test(second)))
    return `${ROUND_OMEGA}.`;
  return /^[kKκкК\uff4b]$/u.test(first) && /^[:\uff1a\ua789\u2236]$/u.test(second) ? 'k:' : undefined;
}

/** `Character 17, U+200B ZERO WIDTH SPACE,`: what can be looked for in a text that shows nothing. */
function place(characters: readonly string[], at: number): string {
  const character = characters[at]!;
  const name = INVISIBLE_NAMES[character];
  const shown = INVISIBLE.test(character) ? '' : ` '${character}'`;
  return `Character ${at + 1},${shown} ${codePoint(character)}${name === undefined ? '' : ` ${name}`},`;
}

function codePoint(character: string): string {
  return `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
}

const INVISIBLE_NAMES: Readonly<Record<string, string>> = {
  '\u0009': 'TAB',
  '\u000a': 'LINE FEED',
  '\u000d': 'CARRIAGE RETURN',
  '\u0020': 'SPACE',
  '\u00a0': 'NO-BREAK SPACE',
  '\u00ad': 'SOFT HYPHEN',
  '\u200b': 'ZERO WIDTH SPACE',
  '\u200c': 'ZERO WIDTH NON-JOINER',
  '\u200d': 'ZERO WIDTH JOINER',
  '\u200e': 'LEFT-TO-RIGHT MARK',
  '\u200f': 'RIGHT-TO-LEFT MARK',
  '\u202a': 'LEFT-TO-RIGHT EMBEDDING',
  '\u202d': 'LEFT-TO-RIGHT OVERRIDE',
  '\u202e': 'RIGHT-TO-LEFT OVERRIDE',
  '\u2060': 'WORD JOINER',
  '\ufe0f': 'VARIATION SELECTOR-16',
  '\ufeff': 'BYTE ORDER MARK',
};

function refuse(code: AccountFaultCode, why: string, fix: string): PayoutAccountVerdict {
  return { ok: false, code, why, fix };
}

/** By which ledger and receipts name an account: the same in every region, so that what regions publish can be put together. */
export function accountIdOf(account: string, crypto: Pick<Signatures, 'hash'>): string {
  return toHex(crypto.hash(utf8(`stoa/v1/account\0${account}`))).slice(0, 32);
}
