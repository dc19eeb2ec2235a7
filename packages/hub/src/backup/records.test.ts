import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Entry, entry, pack, unpack } from './records.ts';

const end = entry({ kind: 'end', tables: 0, files: 0 });

async function* from(entries: readonly Entry[]): AsyncGenerator<Entry, void, undefined> {
  yield* entries;
}

async function roundTrip(entries: readonly Entry[]): Promise<Entry[]> {
  const back: Entry[] = [];
  for await (const { record, data } of unpack(pack(from([...entries, end]))))
    back.push({ record, data: Buffer.from(data) });
  return back;
}

describe('the records of a backup', () => {
  it('come back as they were packed, whatever their sizes', async () => {
    const file = fc.record({
      path: fc.constantFrom('a', 'signer/root.key', 'x..y/.hidden'),
      size: fc.integer({ min: 0, max: 200_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(file, { maxLength: 6 }), async (files) => {
        const entries = files.map(({ path, size }, i) =>
          entry({ kind: 'file', path }, Buffer.alloc(size, i + 1)),
        );
        expect(await roundTrip(entries)).toEqual([...entries, { ...end, data: Buffer.alloc(0) }]);
      }),
      { numRuns: 40 },
    );
  });

  it.each([
    '../evil',
    'a/../../evil',
    'x\n/../../../etc/evil',
    'x\r/../evil',
    './a',
    '/etc/evil',
    'a//b',
    '',
    'a\0b',
    'a/..',
  ])('lead to no file %j', async (path) => {
    await expect(roundTrip([entry({ kind: 'file', path })])).rejects.toMatchObject({
      code: 'backup_damaged',
    });
  });

  it('are not written where no restore would take them', async () => {
    const large = entry({ kind: 'file', path: 'big' }, new Uint8Array(256 * 1024 * 1024 + 1));
    await expect(roundTrip([large])).rejects.toMatchObject({
      code: 'file_too_large',
      message: expect.stringContaining('big has 268435457 bytes'),
    });
  });
});
