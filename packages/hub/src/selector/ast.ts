export const COMPARISONS = ['<=', '>=', '<', '>'] as const;
/** `:` alone: the value itself, or any of a list. */
export type Operator = ':' | (typeof COMPARISONS)[number];

export interface Words {
  readonly kind: 'words';
  readonly text: string;
  readonly column: number;
}

export interface Term {
  readonly kind: 'term';
  readonly field: string;
  readonly operator: Operator;
  /** At least one; several only with `:`. */
  readonly values: readonly string[];
  readonly column: number;
}

/**
 * A selector as a tree, in normal form: no `and` directly in an `and`, no `or` in an `or`, no `not` in a `not`, and none
 * of less than two parts but the empty `and`, which selects everything.
 */
export type Selector =
  | Words
  | Term
  | { readonly kind: 'and' | 'or'; readonly of: readonly Selector[] }
  | { readonly kind: 'not'; readonly of: Selector };

export const EVERYTHING: Selector = { kind: 'and', of: [] };

export function join(kind: 'and' | 'or', parts: readonly Selector[]): Selector {
  const flat = parts.flatMap((part) => (part.kind === kind ? part.of : [part]));
  return flat.length === 1 ? flat[0]! : { kind, of: flat };
}

export function negate(part: Selector): Selector {
  return part.kind === 'not' ? part.of : { kind: 'not', of: part };
}

export function isEverything(selector: Selector): boolean {
  return selector.kind === 'and' && selector.of.length === 0;
}

const KEYWORDS = new Set(['AND', 'OR', 'NOT']);
const PLAIN_WORD = /^[^\s"():-][^\s"():]*$/;
const PLAIN_VALUE = /^[^\s"(),<>=][^\s"(),]*$/;

/** The canonical text: read again, it is the same selector. */
export function printSelector(selector: Selector): string {
  switch (selector.kind) {
    case 'words':
      return PLAIN_WORD.test(selector.text) && !KEYWORDS.has(selector.text)
        ? selector.text
        : quoted(selector.text);
    case 'term': {
      const values = selector.values.map((value) => (PLAIN_VALUE.test(value) ? value : quoted(value)));
      return `${selector.field}:${selector.operator === ':' ? '' : selector.operator}${values.join(',')}`;
    }
    case 'not':
      return `-${inside(selector.of)}`;
    case 'or':
      return selector.of.map(printSelector).join(' OR ');
    case 'and':
      return selector.of.map((part) => (part.kind === 'or' ? inside(part) : printSelector(part))).join(' ');
  }
}

function inside(part: Selector): string {
  return part.kind === 'and' || part.kind === 'or' ? `(${printSelector(part)})` : printSelector(part);
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}
