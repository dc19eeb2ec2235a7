/** What is inside the seal: records, each a line of JSON of a known length, then as many bytes of data as it announces. */

import { Readable } from 'node:stream';
import { createGunzip, createGzip } from 'node:zlib';
import { z } from 'zod';
import { BackupError } from './error.ts';

const name = z.string().regex(/^[a-z_][a-z0-9_]*$/);

const manifestSchema = z.strictObject({
  kind: z.literal('manifest'),
  version: z.string(),
  region: z.string(),
  instance: z.string(),
  madeAt: z.iso.datetime(),
  /** `created_at` of the last migration that the database has. */
  schema: z.int().nonnegative(),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** Of instants or of whole numbers; it goes into a statement as it stands. */
const BOUND = /^FOR VALUES FROM \((?:'[^'"]+'|\d+)\) TO \((?:'[^'"]+'|\d+)\)$/;

const tableSchema = z.strictObject({
  kind: z.literal('table'),
  table: name,
  columns: z.array(name).min(1),
  /** Of a partitioned table: what must be there before its rows come. */
  partitions: z.array(z.strictObject({ name, bound: z.string().regex(BOUND) })),
});
export type TableRecord = z.infer<typeof tableSchema>;

/** A path below the data directory, which can't lead out of it. */
const relative = z
  .string()
  .max(400)
  .refine(
    (path) => !/\p{Cc}/u.test(path) && path.split('/').every((part) => !['', '.', '..'].includes(part)),
    'a path within the data directory',
  );

const recordSchema = z.discriminatedUnion('kind', [
  manifestSchema,
  tableSchema,
  z.strictObject({ kind: z.literal('rows') }),
  z.strictObject({
    kind: z.literal('sequence'),
    table: name,
    column: name,
    value: z.string().regex(/^\d+$/),
    called: z.boolean(),
  }),
  z.strictObject({ kind: z.literal('file'), path: relative }),
  z.strictObject({ kind: z.literal('end'), tables: z.int(), files: z.int() }),
]);
export type BackupRecord = z.infer<typeof recordSchema>;

export interface Entry {
  readonly record: BackupRecord;
  /** Of `rows` a piece of COPY's text, of `file` its content; else empty. */
  readonly data: Uint8Array;
}

const MAX_RECORD = 64 * 1024;
const MAX_DATA = 256 * 1024 * 1024;
const NOTHING = new Uint8Array();

export function entry(record: BackupRecord, data: Uint8Array = NOTHING): Entry {
  return { record, data };
}

/** Packed: COPY's text is long. */
export function pack(entries: AsyncIterable<Entry>): AsyncIterable<Uint8Array> {
  const written = async function* () {
    for await (const { record, data } of entries) {
      if (data.length > MAX_DATA)
        throw new BackupError(
          'file_too_large',
          `${record.kind === 'file' ? record.path : record.kind} has ${data.length} bytes, more than a restore takes (${MAX_DATA}): move it out of the data directory`,
        );
      const json = Buffer.from(JSON.stringify(record));
      const lengths = Buffer.alloc(8);
      lengths.writeUInt32BE(json.length, 0);
      lengths.writeUInt32BE(data.length, 4);
      yield Buffer.concat([lengths, json, data]);
    }
  };
  const gzip = createGzip();
  // A failure of what is packed ends what is read, with its reason.
  return Readable.from(written())
    .on('error', (error) => gzip.destroy(error))
    .pipe(gzip);
}

/** @throws BackupError `backup_damaged` for what no backup holds, also where its end is missing. */
export async function* unpack(packed: AsyncIterable<Uint8Array>): AsyncGenerator<Entry, void, undefined> {
  const gunzip = createGunzip();
  const source = Readable.from(packed).on('error', (error) => gunzip.destroy(error));
  let held: Buffer = Buffer.alloc(0);
  /** What came since: put together once a record is whole, since each joining copies all of it. */
  let pieces: Buffer[] = [];
  let waiting = 0;
  let wanted = 8;
  let ended = false;
  for await (const piece of source.pipe(gunzip) as AsyncIterable<Buffer>) {
    pieces.push(piece);
    waiting += piece.length;
    if (held.length + waiting < wanted) continue;
    held = Buffer.concat([held, ...pieces]);
    pieces = [];
    waiting = 0;
    for (;;) {
      const size = sizeOf(held);
      wanted = size?.all ?? 8;
      if (size === undefined || held.length < size.all) break;
      if (ended) throw damaged('something follows its end');
      const record = readRecord(held.subarray(8, size.data));
      yield { record, data: held.subarray(size.data, size.all) };
      ended = record.kind === 'end';
      held = held.subarray(size.all);
    }
  }
  if (!ended || held.length + waiting > 0) throw damaged('its end is missing');
}

function sizeOf(held: Buffer): { data: number; all: number } | undefined {
  if (held.length < 8) return undefined;
  const [json, data] = [held.readUInt32BE(0), held.readUInt32BE(4)];
  if (json > MAX_RECORD || data > MAX_DATA) throw damaged(`a record of ${json} and ${data} bytes`);
  return { data: 8 + json, all: 8 + json + data };
}

function readRecord(bytes: Uint8Array): BackupRecord {
  const text = Buffer.from(bytes).toString('utf8');
  const read = recordSchema.safeParse(JSON.parse(text));
  if (!read.success) throw damaged(`the record ${text.slice(0, 100)}`, read.error);
  return read.data;
}

function damaged(what: string, cause?: unknown): BackupError {
  return new BackupError('backup_damaged', `the backup holds what none does: ${what}`, { cause });
}
