import type { Field } from './field.ts';

/** A completion: `insert` takes the place of the text between `from` and `to`. */
export interface Suggestion {
  readonly insert: string;
  readonly from: number;
  readonly to: number;
  /** What it is, in a few words. */
  readonly doc: string;
}

type Named = Pick<Field<never, never, never>, 'name' | 'doc' | 'words' | 'example'>;

const MOST = 10;
/** The piece of a selector that ends at the cursor: perhaps a minus, a field with its operator, and a beginning. */
const PIECE = /(?:^|[\s(])-?(?:([A-Za-z_]+):(<=|>=|<|>|=)?((?:[^\s(),"]*,)*))?([^\s(),":]*)$/;
const NEEDS_QUOTES = /[\s(),"]/;

/** What may stand at the cursor: fields by their beginning, then the values of one. */
export function suggest(
  fields: readonly Named[],
  values: Readonly<Record<string, readonly string[]>>,
  text: string,
  at: number,
): readonly Suggestion[] {
  const before = text.slice(0, at);
  const piece = PIECE.exec(before);
  if (piece === null) return [];
  const [, name, comparison, , begun = ''] = piece;
  const place = { from: at - begun.length, to: at };
  const lower = begun.toLowerCase();
  if (name === undefined)
    return fields
      .filter((field) => field.name.startsWith(lower))
      .slice(0, lower === '' ? fields.length : MOST)
      .map((field) => ({ insert: `${field.name}:`, ...place, doc: `${field.doc} ${field.example}` }));
  const field = fields.find((one) => one.name === name.toLowerCase());
  if (field === undefined) return [];
  const held = values[field.name] ?? [];
  // A word as `unknown` is no value to compare with.
  const offered = [...new Set([...(comparison?.match(/[<>]/) ? [] : field.words), ...held])];
  const begins = offered.filter((value) => value.toLowerCase().startsWith(lower));
  const holds = offered.filter((value) => !begins.includes(value) && value.toLowerCase().includes(lower));
  return [...begins, ...holds]
    .filter((value) => value !== begun)
    .slice(0, MOST)
    .map((value) => ({
      insert: NEEDS_QUOTES.test(value) ? `"${value.replaceAll(/["\\]/g, '\\$&')}"` : value,
      ...place,
      doc: '',
    }));
}
