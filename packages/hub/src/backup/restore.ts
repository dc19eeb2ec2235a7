import { createReadStream } from 'node:fs';
import type postgres from 'postgres';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { raiseGeneration, readGeneration } from '../region-settings.ts';
import { quoted, schemaOf, TableLoad, tablesOf } from './database.ts';
import { BackupError } from './error.ts';
import { conflicting, restoreFiles } from './files.ts';
import { type Entry, type Manifest, unpack } from './records.ts';
import type { SealSecret } from './seal-key.ts';
import { open } from './sealed-stream.ts';

export interface RestoreRequest {
  readonly path: string;
  readonly secret: SealSecret;
  readonly dataDir: string;
  /** Replaces what is there. */
  readonly force: boolean;
}

/** What a backup holds, read to its end. */
export interface BackupContents {
  readonly manifest: Manifest;
  readonly tables: number;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface RestoreReport extends Omit<BackupContents, 'files'> {
  readonly files: readonly string[];
  /** Of the region: nodes take the sessions of a new one without proof of the secrets that the backup has forgotten. */
  readonly generation: number;
}

/** Reads all of a backup. @throws BackupError where anything about it is wrong. */
export async function verifyBackup({
  path,
  secret,
}: Pick<RestoreRequest, 'path' | 'secret'>): Promise<BackupContents> {
  let manifest: Manifest | undefined;
  let tables = 0;
  const files = new Map<string, Uint8Array>();
  for await (const { record, data } of unpack(open(createReadStream(path), secret))) {
    if ((manifest === undefined) !== (record.kind === 'manifest')) throw misplaced(record.kind);
    if (record.kind === 'manifest') manifest = record;
    if (record.kind === 'table') tables += 1;
    if (record.kind === 'file') files.set(record.path, Buffer.from(data));
    if (record.kind === 'end' && (record.tables !== tables || record.files !== files.size))
      throw misplaced('end');
  }
  if (manifest === undefined) throw misplaced('end');
  return { manifest, tables, files };
}

/**
 * Puts a backup in the place of an empty database and directory, after all of it was verified. The database is written in
 * one transaction; files come last.
 * @throws BackupError `target_not_empty`, `backup_newer`.
 */
export async function restoreBackup(database: DbAdapter, request: RestoreRequest): Promise<RestoreReport> {
  const { manifest, tables, files } = await verifyBackup(request);
  const { force, dataDir } = request;
  const before = await prepareTarget(database, manifest, { files, ...request });
  const generation = await database.sql.begin(async (tx) => {
    if (force) await emptyTables(tx);
    await load(tx, unpack(open(createReadStream(request.path), request.secret)));
    return raiseGeneration(tx, before);
  });
  await database.migrate();
  await restoreFiles(dataDir, files);
  return { manifest, tables, files: [...files.keys()], generation };
}

/** Brings the target to the schema of the backup. @returns the restore generation that it had. */
async function prepareTarget(
  database: DbAdapter,
  manifest: Manifest,
  { force, dataDir, files }: RestoreRequest & Pick<BackupContents, 'files'>,
): Promise<number> {
  const { sql } = database;
  const clash = await conflicting(dataDir, files);
  if (clash.length > 0 && !force)
    throw new BackupError(
      'target_not_empty',
      `${dataDir} holds other files already (${clash.slice(0, 5).join(', ')}): take an empty DATA_DIR, or --force to replace them`,
    );
  const present = await hasSchema(database);
  const before = present ? await readGeneration(sql) : 0;
  if (present && !force) await requireEmpty(database);
  if (present && (await schemaOf(sql)) !== manifest.schema) {
    await sql.begin(async (tx) => {
      await tx`drop schema public cascade`;
      await tx`drop schema drizzle cascade`;
      await tx`create schema public`;
    });
  }
  await database.migrate({ until: manifest.schema });
  const reached = await schemaOf(sql);
  if (reached !== manifest.schema)
    throw new BackupError(
      'backup_newer',
      `the backup is of version ${manifest.version}, of which this program does not know the schema: restore it with that version`,
    );
  return before;
}

async function hasSchema({ sql }: DbAdapter): Promise<boolean> {
  const [row] = await sql<{ there: boolean }[]>`
    select to_regclass('drizzle.__drizzle_migrations') is not null and to_regclass('region_settings') is not null as there`;
  return row?.there === true;
}

async function requireEmpty({ sql }: DbAdapter): Promise<void> {
  for (const { table } of await tablesOf(sql)) {
    const [row] = await sql.unsafe<{ filled: boolean }[]>(
      `select exists (select from ${quoted(table)}) as filled`,
    );
    if (row?.filled === true)
      throw new BackupError(
        'target_not_empty',
        `the database has rows already (in ${table}): take an empty one, or --force to replace all of it`,
      );
  }
}

async function emptyTables(tx: postgres.TransactionSql<{ bigint: bigint }>): Promise<void> {
  const tables = await tx<{ name: string }[]>`
    select relname as name from pg_class
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition`;
  await tx.unsafe(`truncate ${tables.map(({ name }) => quoted(name)).join(', ')} restart identity cascade`);
}

async function load(
  tx: postgres.TransactionSql<{ bigint: bigint }>,
  entries: AsyncIterable<Entry>,
): Promise<void> {
  let into: TableLoad | undefined;
  for await (const { record, data } of entries) {
    if (record.kind === 'rows') {
      if (into === undefined) throw misplaced('rows');
      await into.put(data);
      continue;
    }
    await into?.end();
    into = record.kind === 'table' ? await TableLoad.begin(tx, record) : undefined;
    if (record.kind === 'sequence')
      await tx`select setval(pg_get_serial_sequence(${quoted(record.table)}, ${record.column}), ${record.value}::text::bigint, ${record.called})`;
  }
}

function misplaced(kind: string): BackupError {
  return new BackupError('backup_damaged', `the backup is not in order: '${kind}' stands where it can't`);
}
