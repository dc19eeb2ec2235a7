/*
 * Text of peers is any UTF-8, but PostgreSQL holds no NUL, neither in `text` nor in `jsonb`, and refuses the whole
 * statement that brings one.
 */

const NUL = '\0';
/** How JSON writes it; also found in a harmless `\\u0000`, which then only costs a second look. */
const ESCAPED_NUL = '\\u0000';
const REPLACEMENT = '\ufffd';

export function storableText(text: string): string {
  return text.includes(NUL) ? text.replaceAll(NUL, REPLACEMENT) : text;
}

/** JSON that `json` and `jsonb` take, for a parameter cast as `::text::json`. Keys come from us, values from anybody. */
export function storableJson(value: unknown): string {
  const json = JSON.stringify(value);
  if (!json.includes(ESCAPED_NUL)) return json;
  return JSON.stringify(value, (_key, held: unknown) =>
    typeof held === 'string' ? storableText(held) : held,
  );
}
