import { utf8 } from '../bytes.ts';

/** More than any metadata of ours has. Libraries below us copy an object anew for each of its fields, and recurse. */
const MAX_ENTRIES = 512;
const MAX_DEPTH = 16;

/**
 * JSON as far as it is safe to hand on: neither deep nor wide, and of what has one canonical form alone. A fraction has
 * none; a lone surrogate would be signed as the replacement character is.
 * @throws SyntaxError, RangeError, TypeError of the decoder.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) throw new RangeError(`the JSON is nested deeper than ${MAX_DEPTH}`);
    level = level.flatMap(entriesOf);
  }
  return value;
}

function entriesOf(value: unknown): unknown[] {
  if (typeof value === 'string' && !value.isWellFormed())
    throw new RangeError('the JSON has half a character');
  if (typeof value === 'number' && !Number.isSafeInteger(value))
    throw new RangeError(`the JSON has the number ${value} (expected whole ones)`);
  if (typeof value !== 'object' || value === null) return [];
  if (!Object.keys(value).every((key) => key.isWellFormed()))
    throw new RangeError('the JSON has half a character in a name');
  const entries = Object.values(value);
  if (entries.length > MAX_ENTRIES)
    throw new RangeError(`the JSON has an object of ${entries.length} entries (at most ${MAX_ENTRIES})`);
  return entries;
}

/** Keys sorted, no white space, a line end: ordinary JSON, unlike the canonical form, which does not escape line ends. */
export function formatJson(value: unknown): Uint8Array {
  return utf8(`${JSON.stringify(sorted(value))}\n`);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, entry]) => [key, sorted(entry)]));
}
