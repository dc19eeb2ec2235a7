import { bytes, record, u64 } from '@stoa/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryDisk } from '#memory-disk.ts';
import {
  appendRecord,
  formatRecord,
  parseRecord,
  parseRecords,
  type RecordKind,
  readRecord,
} from '#record-line.ts';

interface Sample {
  n: number;
  data: Uint8Array;
}
const kind: RecordKind<Sample> = { name: 'sample-1', codec: record({ n: u64, data: bytes(300) }) };
const other: RecordKind<Sample> = { ...kind, name: 'other-1' };
const sample = fc.record({ n: fc.nat(), data: fc.uint8Array({ maxLength: 300 }) });

describe('a record line', () => {
  test('brings back what was written, for its own kind only', () => {
    fc.assert(
      fc.property(sample, (value) => {
        const line = formatRecord(kind, value);
        expect(parseRecord(kind, line, 'here')).toEqual(value);
        expect(() => parseRecord(other, line, 'here')).toThrow(/here holds no whole 'other-1' record/);
      }),
    );
  });

  test('with any one character changed, or cut anywhere, is damaged', () => {
    fc.assert(
      fc.property(sample, fc.nat(), fc.constantFrom('A', '_', ' ', '\u0000'), (value, at, character) => {
        const line = formatRecord(kind, value).trimEnd();
        const i = at % line.length;
        if (line[i] === character) return;
        const changed = line.slice(0, i) + character + line.slice(i + 1);
        expect(() => parseRecord(kind, changed, 'here')).toThrow();
        expect(() => parseRecord(kind, line.slice(0, i), 'here')).toThrow();
      }),
    );
  });

  test('that a power cut tore spoils none of its neighbours', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(sample, { minLength: 1, maxLength: 5 }), fc.nat(1), async (values, steps) => {
        const disk = new MemoryDisk();
        for (const value of values) await appendRecord(disk, '/log', kind, value);
        disk.crashAfter(steps);
        await appendRecord(disk, '/log', kind, { n: 1, data: new Uint8Array(200) }).catch(() => undefined);
        disk.restart('torn');
        const last = { n: 2, data: new Uint8Array(1) };
        await appendRecord(disk, '/log', kind, last);
        const read = parseRecords(kind, new TextDecoder().decode(await disk.readFile('/log')));
        expect(read).toEqual([...values, last]);
      }),
    );
  });

  test('that is not there is undefined', async () => {
    expect(await readRecord(new MemoryDisk(), '/none', kind)).toBeUndefined();
  });
});
