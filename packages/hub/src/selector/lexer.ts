import { COMPARISONS, type Operator } from './ast.ts';
import { SelectorError } from './error.ts';

export const LIMITS = { characters: 1_000, terms: 60, depth: 24 };

type Shape =
  | { readonly kind: '(' | ')' | '-' | 'AND' | 'OR' | 'NOT' }
  | { readonly kind: 'words'; readonly text: string }
  | {
      readonly kind: 'term';
      readonly field: string;
      readonly operator: Operator;
      readonly values: readonly string[];
      /** Of each value, from 1. */
      readonly valueColumns: readonly number[];
    };
export type Token = Shape & { readonly column: number };

const SPACE = /\s*/y;
const FIELD = /([A-Za-z_]+):/y;
const BARE_WORD = /[^\s"()]+/y;
const BARE_VALUE = /[^\s"(),]+/y;
const QUOTED = /"((?:[^"\\]|\\["\\])*)"/y;

/** Cuts the text into tokens. @throws {SelectorError} */
export function tokens(text: string): Token[] {
  return new Lexer(text).all();
}

class Lexer {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  all(): Token[] {
    const text = this.#text;
    if (text.length > LIMITS.characters)
      throw this.#error(
        LIMITS.characters,
        `a selector has at most ${LIMITS.characters} characters, this one ${text.length}.`,
        'Shorten it; a list as state:offline,behind is shorter than alternatives with OR.',
      );
    const nul = text.indexOf('\0');
    if (nul >= 0) throw this.#error(nul, 'there is a NUL character.', 'Take it out.');
    const found: Token[] = [];
    for (this.#take(SPACE); this.#at < text.length; this.#take(SPACE)) {
      const column = this.#at + 1;
      found.push({ column, ...this.#next() });
      if (found.length > 4 * LIMITS.terms)
        throw this.#error(
          this.#at,
          'this is too much for one selector.',
          `It has at most ${LIMITS.terms} terms.`,
        );
    }
    return found;
  }

  #next(): Shape {
    const character = this.#text[this.#at];
    if (character === '(' || character === ')' || character === '-') {
      this.#at += 1;
      return { kind: character };
    }
    if (character === '"') return { kind: 'words', text: this.#quoted() };
    const field = this.#take(FIELD)?.[1];
    if (field !== undefined) return this.#term(field.toLowerCase());
    const word = this.#take(BARE_WORD)![0];
    return word === 'AND' || word === 'OR' || word === 'NOT' ? { kind: word } : { kind: 'words', text: word };
  }

  #term(field: string): Shape {
    const comparison = COMPARISONS.find((one) => this.#text.startsWith(one, this.#at));
    if (comparison !== undefined) this.#at += comparison.length;
    else if (this.#text[this.#at] === '=') this.#at += 1;
    const values: string[] = [];
    const valueColumns: number[] = [];
    do {
      valueColumns.push(this.#at + 1);
      values.push(this.#value(field));
    } while (this.#comma(comparison));
    return { kind: 'term', field, operator: comparison ?? ':', values, valueColumns };
  }

  #value(field: string): string {
    if (this.#text[this.#at] === '"') return this.#quoted();
    const value = this.#take(BARE_VALUE)?.[0];
    if (value !== undefined) return value;
    throw this.#error(
      this.#at,
      `a value for '${field}' is expected here.`,
      `Write ${field}:VALUE without a space; quote a value with spaces, commas or parentheses: ${field}:"a value".`,
    );
  }

  #comma(comparison: string | undefined): boolean {
    if (this.#text[this.#at] !== ',') return false;
    if (comparison !== undefined)
      throw this.#error(
        this.#at,
        `'${comparison}' compares with one value, not with a list.`,
        'Write one term for each, joined by OR.',
      );
    this.#at += 1;
    return true;
  }

  #quoted(): string {
    const found = this.#take(QUOTED);
    if (found === undefined)
      throw this.#error(
        this.#at,
        'this quote is not closed.',
        'Close it with "; inside quotes write \\" for a quote and \\\\ for a backslash.',
      );
    return found[1]!.replaceAll(/\\(.)/gs, '$1');
  }

  /** What the pattern finds exactly here, and steps behind it. */
  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text) ?? undefined;
    if (found !== undefined) this.#at += found[0].length;
    return found;
  }

  #error(at: number, problem: string, fix: string): SelectorError {
    return new SelectorError(this.#text, at + 1, problem, fix);
  }
}
