import { Decimal } from './value.ts';

/** What Pact code reads as. Literals are their own values. */
export type Term = string | number | boolean | Decimal | Name | Form | readonly Term[] | ObjectTerm;

export class Name {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** `(f a b)`. */
export class Form {
  readonly items: readonly Term[];

  constructor(items: readonly Term[]) {
    this.items = items;
  }
}

/** `{"name": value}`. */
export class ObjectTerm {
  readonly fields: readonly (readonly [string, Term])[];

  constructor(fields: readonly (readonly [string, Term])[]) {
    this.fields = fields;
  }
}

export class PactParseError extends Error {}

/** Commas and colons part what they stand between, no more. */
const SPACE = /(?:[\s,:]|;[^\n]*)+/y;
const ATOM = /[^\s,()[\]{}"';]+/y;
const TEXT = /"((?:[^"\\]|\\.)*)"/y;

/** The top level expressions of Pact code: calls and their arguments, as far as clients of contracts write them. */
export function readPact(code: string): readonly Term[] {
  const reader = new Reader(code);
  const terms: Term[] = [];
  while (!reader.done()) terms.push(reader.term());
  if (terms.length === 0) throw new PactParseError('Pact parse error: Expected: [expression]');
  return terms;
}

class Reader {
  readonly #code: string;
  #at = 0;

  constructor(code: string) {
    this.#code = code;
  }

  done(): boolean {
    this.#match(SPACE);
    return this.#at >= this.#code.length;
  }

  term(): Term {
    this.#match(SPACE);
    switch (this.#code[this.#at]) {
      case '(':
        return new Form(this.#until(')'));
      case '[':
        return this.#until(']');
      case '{':
        return this.#object();
      case '"':
        return this.#text();
      case "'":
        this.#at += 1;
        return this.#atom();
      default:
        return literal(this.#atom());
    }
  }

  #until(end: string): Term[] {
    this.#at += 1;
    const items: Term[] = [];
    while (!this.done() && this.#code[this.#at] !== end) items.push(this.term());
    if (this.#code[this.#at] !== end) throw expected(`'${end}'`);
    this.#at += 1;
    return items;
  }

  #object(): ObjectTerm {
    const parts = this.#until('}');
    const fields = parts.flatMap((name, i) =>
      i % 2 === 0 && typeof name === 'string' && parts[i + 1] !== undefined
        ? [[name, parts[i + 1]!] as const]
        : [],
    );
    if (fields.length * 2 !== parts.length) throw expected("':'");
    return new ObjectTerm(fields);
  }

  #text(): string {
    const found = this.#match(TEXT);
    if (found === undefined) throw expected(`'"'`);
    return found.slice(1, -1).replace(/\\(.)/g, (_all, each: string) => (each === 'n' ? '\n' : each));
  }

  #atom(): string {
    const found = this.#match(ATOM);
    if (found === undefined) throw expected('expression');
    return found;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#code)?.[0];
    this.#at += found?.length ?? 0;
    return found;
  }
}

function literal(atom: string): Term {
  const first = atom.charCodeAt(0);
  if (first === 45 || (first >= 48 && first <= 57)) {
    const integer = /^-?\d+$/.test(atom) ? Number(atom) : undefined;
    if (Number.isSafeInteger(integer)) return integer!;
    const decimal = /^-?\d+\.\d+$/.test(atom) ? Decimal.parse(atom) : undefined;
    if (decimal !== undefined) return decimal;
  }
  return atom === 'true' ? true : atom === 'false' ? false : new Name(atom);
}

function expected(what: string): PactParseError {
  return new PactParseError(`Pact parse error: Expected: [${what}]`);
}
