import { SignerError } from '#error.ts';

/** What a field of an entry may be; `list` is vouched for by the chain of hashes alone. */
export type FieldType = 'string' | 'number' | 'number?' | 'list';

/** For each kind of act its fields besides `kind` and `at`. */
export type FieldsByKind<Kind extends string> = {
  readonly [K in Kind]: Readonly<Record<string, FieldType>>;
};

/** @returns what reads an entry of a journal; it throws SignerError `journal_damaged` for what this version never wrote. */
export function entryParser<Entry extends { readonly kind: string; readonly at: number }>(
  kinds: FieldsByKind<Entry['kind']>,
): (value: unknown) => Entry {
  const isEntry = (value: unknown): value is Entry => {
    if (typeof value !== 'object' || value === null) return false;
    const fields: Record<string, unknown> = { ...value };
    const { kind, at } = fields;
    if (typeof kind !== 'string' || !Object.hasOwn(kinds, kind) || !Number.isSafeInteger(at)) return false;
    const expected = kinds[kind as Entry['kind']];
    return Object.entries(expected).every(([name, type]) => fits(fields[name], type));
  };
  return (value) => {
    if (isEntry(value)) return value;
    throw new SignerError(
      'journal_damaged',
      `the journal holds an entry that this version does not know: ${JSON.stringify(value).slice(0, 200)}`,
    );
  };
}

function fits(value: unknown, type: FieldType): boolean {
  if (type === 'list') return Array.isArray(value);
  return type === 'number?' ? value === undefined || typeof value === 'number' : typeof value === type;
}
