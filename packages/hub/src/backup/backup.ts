import { open as openFile, realpath, rename, rm } from 'node:fs/promises';
import { dirname, sep } from 'node:path';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { dumpDatabase, schemaOf } from './database.ts';
import { BackupError } from './error.ts';
import { dumpFiles } from './files.ts';
import { type Entry, entry, pack } from './records.ts';
import type { Derivation, SealSecret } from './seal-key.ts';
import { seal } from './sealed-stream.ts';

export interface BackupDeps {
  readonly sql: Sql;
  readonly dataDir: string;
  readonly about: { readonly version: string; readonly region: string; readonly instance: string };
  readonly clock: Pick<Clock, 'now'>;
  readonly random: (bytes: number) => Uint8Array;
  /** Of scrypt, where the usual is too slow: in tests. */
  readonly cost?: Derivation['cost'];
}

export interface BackupReport {
  readonly tables: number;
  readonly files: number;
  /** Of the sealed file. */
  readonly bytes: number;
}

/** Database, keys and signer directory in one sealed file, which stands under its name only once it is whole. */
export async function writeBackup(deps: BackupDeps, path: string, secret: SealSecret): Promise<BackupReport> {
  await requireElsewhere(path, deps.dataDir);
  const count = { tables: 0, files: 0 };
  const sealed = seal(pack(backupEntries(deps, count)), { ...deps, secret });
  const part = `${path}.part`;
  const file = await openFile(part, 'w', 0o600);
  let bytes = 0;
  try {
    for await (const piece of sealed) {
      await file.writeFile(piece);
      bytes += piece.length;
    }
    await file.sync();
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(part, path);
  await syncDirectory(dirname(path));
  return { ...count, bytes };
}

/** Each backup within the data directory would hold all before it. @throws BackupError `target_in_data`. */
async function requireElsewhere(path: string, dataDir: string): Promise<void> {
  const [folder, data] = await Promise.all([realpath(dirname(path)), realpath(dataDir)]);
  if (folder === data || folder.startsWith(data + sep))
    throw new BackupError(
      'target_in_data',
      `${path} lies in the data directory, which a backup is made of: take a place outside of ${dataDir}`,
    );
}

/** So that the name, too, outlives a power cut. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await openFile(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Files after the database's moment: the signer's journal may be ahead of it, never behind what it has certified. */
async function* backupEntries(
  { sql, dataDir, about, clock }: BackupDeps,
  count: { tables: number; files: number },
): AsyncGenerator<Entry, void, undefined> {
  const madeAt = new Date(clock.now()).toISOString();
  yield entry({ kind: 'manifest', ...about, madeAt, schema: await schemaOf(sql) });
  for await (const item of dumpDatabase(sql)) {
    if (item.record.kind === 'table') count.tables += 1;
    yield item;
  }
  for await (const item of dumpFiles(dataDir)) {
    count.files += 1;
    yield item;
  }
  yield entry({ kind: 'end', ...count });
}
