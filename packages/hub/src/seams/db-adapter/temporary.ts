import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { globSync } from 'node:fs';
import { access, chmod, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DbAdapter, DbLog } from './adapter.ts';
import { openEmbedded } from './embedded.ts';
import { MIGRATIONS } from './migrate.ts';
import { installedBinaries } from './server-binaries.ts';

const errorsOnly: DbLog = { debug: () => {}, info: () => {}, warn: () => {}, error: console.error };
const run = promisify(execFile);

let template: Promise<string> | undefined;

/** An embedded database with the schema at its head, for tests; closing it removes it. */
export async function openTemporary(log: DbLog = errorsOnly): Promise<DbAdapter> {
  const directory = await mkdtemp(join(tmpdir(), 'stoa-database-'));
  await chmod(directory, 0o711);
  const dataDir = join(directory, 'db');
  await placeTemporary(dataDir);
  const adapter = await openEmbedded({ dataDir, log });
  const close = async () => {
    await adapter.close();
    await rm(directory, { recursive: true, force: true });
  };
  const { kind, sql, replica } = adapter;
  return {
    ...{ kind, sql, replica, close },
    migrate: (options) => adapter.migrate(options),
    check: () => adapter.check(),
    [Symbol.asyncDispose]: close,
  };
}

/**
 * Puts a cluster with the schema at its head where an embedded database will be opened. It is a copy: initdb and all
 * migrations take 4 s of CPU, a copy 0.2 s. Its data is not synced, since a test's need not survive a power cut.
 * @param dataDir does not exist yet
 */
export async function placeTemporary(dataDir: string): Promise<void> {
  template ??= preparedTemplate();
  await run('cp', ['-a', await template, dataDir]);
}

/** Kept by what it was made of, so that all processes of a test run share one. */
async function preparedTemplate(): Promise<string> {
  const all = join(tmpdir(), `stoa-database-templates-${userInfo().uid}`);
  const directory = join(all, await hashOfParts());
  if (await exists(directory)) return directory;
  const making = `${directory}-${randomUUID()}`;
  // The server's account must be able to walk through, whatever the umask.
  await mkdir(making, { recursive: true });
  for (const path of [all, making]) await chmod(path, 0o711);
  const adapter = await openEmbedded({ dataDir: making, log: errorsOnly });
  await adapter.migrate();
  await adapter.sql`alter system set fsync = off`;
  await adapter.close();
  try {
    await rename(making, directory);
  } catch (cause) {
    // Another process may have been first.
    if (!(await exists(directory))) throw cause;
    await rm(making, { recursive: true });
  }
  return directory;
}

async function hashOfParts(): Promise<string> {
  const hash = createHash('sha256');
  const { postgres } = await installedBinaries();
  hash.update(postgres);
  const files = globSync('**/*.{sql,json}', { cwd: MIGRATIONS });
  for (const name of files.toSorted()) hash.update(name).update(await readFile(join(MIGRATIONS, name)));
  return hash.digest('hex').slice(0, 16);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
