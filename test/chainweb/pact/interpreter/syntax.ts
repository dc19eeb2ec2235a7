import { PactParseError } from '../reader.ts';
import { Decimal } from '../value.ts';

/** Pact as contracts are written in it: names have types, objects may be patterns. `reader.ts` reads what clients send. */
export type Node =
  | { readonly kind: 'value'; readonly value: string | number | boolean | Decimal }
  | { readonly kind: 'name'; readonly text: string; readonly type: string | undefined }
  | { readonly kind: 'form'; readonly items: readonly Node[] }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  | { readonly kind: 'object'; readonly fields: readonly (readonly [string, Node])[] }
  /** `{"field":=name}` */
  | { readonly kind: 'pattern'; readonly fields: readonly (readonly [string, string])[] };

const TOKEN = /\s+|;[^\n]*|("(?:[^"\\]|\\.)*"|:=|[()[\]{}:,]|'?[^\s()[\]{}:,"';]+)/y;

export function readModule(text: string): readonly Node[] {
  const tokens = new Tokens(text);
  const nodes: Node[] = [];
  while (tokens.peek() !== undefined) nodes.push(readNode(tokens));
  return nodes;
}

class Tokens {
  readonly #tokens: string[] = [];
  #at = 0;

  constructor(text: string) {
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < text.length) {
      const from = TOKEN.lastIndex;
      const found = TOKEN.exec(text);
      if (found === null) throw new PactParseError(`not Pact: ${text.slice(from, from + 40)}`);
      // Commas part, no more.
      if (found[1] !== undefined && found[1] !== ',') this.#tokens.push(found[1]);
    }
  }

  peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  next(): string {
    const token = this.peek();
    if (token === undefined) throw new PactParseError('the text ends within an expression');
    this.#at += 1;
    return token;
  }

  take(token: string): boolean {
    if (this.peek() !== token) return false;
    this.#at += 1;
    return true;
  }
}

function readNode(tokens: Tokens): Node {
  const token = tokens.next();
  if (token === '(') return { kind: 'form', items: readUntil(tokens, ')') };
  if (token === '[') return { kind: 'list', items: readUntil(tokens, ']') };
  if (token === '{') return readObject(tokens);
  if (/^[)\]}:]/.test(token)) throw new PactParseError(`'${token}' where an expression is expected`);
  const value = literal(token);
  if (value !== undefined) return { kind: 'value', value };
  return { kind: 'name', text: token, type: tokens.take(':') ? readType(tokens) : undefined };
}

function readUntil(tokens: Tokens, end: string): Node[] {
  const items: Node[] = [];
  while (!tokens.take(end)) items.push(readNode(tokens));
  return items;
}

function readObject(tokens: Tokens): Node {
  const fields: [string, Node][] = [];
  const names: [string, string][] = [];
  while (!tokens.take('}')) {
    const key = String(literal(tokens.next()));
    if (tokens.take(':=')) names.push([key, tokens.next()]);
    else if (tokens.take(':')) fields.push([key, readNode(tokens)]);
    else throw new PactParseError(`field ${key} without a value`);
  }
  return names.length > 0 ? { kind: 'pattern', fields: names } : { kind: 'object', fields };
}

function readType(tokens: Tokens): string {
  const first = tokens.next();
  if (first === '[') return `[${readType(tokens)}${tokens.next()}`;
  if (first === '{') return `{${tokens.next()}${tokens.next()}`;
  return tokens.peek() === '{' ? first + readType(tokens) : first;
}

function literal(token: string): string | number | boolean | Decimal | undefined {
  if (token.startsWith('"')) return token.slice(1, -1).replaceAll(/\\(.)/g, '$1');
  if (token.startsWith("'")) return token.slice(1);
  if (/^-?\d+$/.test(token)) return Number(token);
  if (/^-?\d+\.\d+$/.test(token)) return Decimal.of(token);
  if (token === 'true' || token === 'false') return token === 'true';
  return undefined;
}
