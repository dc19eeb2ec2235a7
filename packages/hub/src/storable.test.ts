import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { storableJson, storableText } from './storable.ts';

describe('what PostgreSQL can hold', () => {
  it('is the same text or JSON, with the replacement character for each NUL', () => {
    const text = fc.string({ unit: fc.constantFrom('\0', '\\', 'u', '0', '"', 'a', 'Ѻ') });
    fc.assert(
      fc.property(fc.array(fc.record({ text, list: fc.array(text) })), (rows) => {
        const clean = rows.map((row) => ({ text: storableText(row.text), list: row.list.map(storableText) }));
        expect(JSON.parse(storableJson(rows))).toEqual(clean);
        expect(JSON.stringify(clean)).not.toMatch(/(?<!\\)(\\\\)*\\u0000/);
        expect(storableText('a\0b')).toBe('a\ufffdb');
      }),
    );
  });
});
