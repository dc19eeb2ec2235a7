import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  chown,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { DatabaseError } from './error.ts';
import { requireTraversable, type ServerAccount } from './server-account.ts';
import type { ServerBinaries } from './server-binaries.ts';

export const SUPERUSER = 'stoa';
export const DATABASE = 'stoa';
export const PORT = 5432;

/** The kernel's limit on a socket's path, its closing zero included. */
const SOCKET_PATH_BYTES = 108;
const UNFINISHED = 'cluster.new-';
const OURS = /^(cluster|cluster\.new-.*|run|server-.*)$/;

const run = promisify(execFile);

/** Makes the directory if need be. @returns its real path. @throws {DatabaseError} if it holds something else. */
export async function ensureDataDirectory(dataDir: string): Promise<string> {
  const path = resolve(dataDir);
  try {
    // What lies above must let the server's account pass.
    await mkdir(dirname(path), { recursive: true, mode: 0o711 });
    await mkdir(path, { recursive: true, mode: 0o700 });
    const foreign = (await readdir(path)).filter((name) => !OURS.test(name));
    if (foreign.length === 0) return await realpath(path);
    // Taking it over would mean handing somebody's files to the server's account.
    throw new DatabaseError(
      'data_directory_unusable',
      `${path} holds ${foreign.slice(0, 3).join(', ')}, which is no database of ours: give the database an empty directory.`,
    );
  } catch (cause) {
    if (cause instanceof DatabaseError) throw cause;
    throw new DatabaseError(
      'data_directory_unusable',
      `The database directory ${path} can't be made or read: check its owner and mode.`,
      { cause },
    );
  }
}

/** @param dataDir real path. Hands the directory, but none of its contents, to the account. */
export async function giveTo(account: ServerAccount, dataDir: string): Promise<void> {
  await requireTraversable(dataDir, account);
  await chown(dataDir, account.uid, account.gid);
  await chmod(dataDir, 0o700);
}

/**
 * PGDATA inside the data directory. Only the rename makes it a cluster: an initdb that was cut off is begun again under
 * a fresh name, since the old one may still be writing.
 */
export async function ensureCluster(
  dataDir: string,
  { initdb, major }: ServerBinaries,
  account: ServerAccount | undefined,
): Promise<string> {
  const cluster = join(dataDir, 'cluster');
  const found = await readFile(join(cluster, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (found === undefined) {
    for (const name of await readdir(dataDir)) {
      if (name.startsWith(UNFINISHED)) await rm(join(dataDir, name), { recursive: true, maxRetries: 5 });
    }
    const unfinished = await mkdtemp(join(dataDir, UNFINISHED));
    if (account) await chown(unfinished, account.uid, account.gid);
    await initialise(initdb, unfinished, account);
    await rename(unfinished, cluster);
    await syncDirectory(dataDir);
  } else if (found.trim() !== major) {
    throw new DatabaseError(
      'database_version_unsupported',
      `The cluster ${cluster} was made by PostgreSQL ${found.trim()}, and this hub brings ${major}: move the data by pg_dump and restore with that version, or run the hub that made it.`,
    );
  }
  return cluster;
}

async function initialise(
  initdb: string,
  directory: string,
  account: ServerAccount | undefined,
): Promise<void> {
  // Trust, because the only way in is a socket in a directory that only the server's account can enter.
  const args = ['-D', directory, '-U', SUPERUSER, '--auth=trust', '--encoding=UTF8', '--no-instructions'];
  // The built-in provider sorts the same on every machine and needs no locale installed.
  const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  try {
    const ids = account ? { uid: account.uid, gid: account.gid } : {};
    await run(initdb, [...args, ...locale], { cwd: '/', env: { TZ: 'UTC' }, ...ids });
  } catch (cause) {
    const output = cause instanceof Error && 'stderr' in cause ? `: ${String(cause.stderr).trim()}` : '';
    throw new DatabaseError(
      'database_start_failed',
      `initdb could not make the cluster ${directory}${output}`,
      { cause },
    );
  }
}

/**
 * Where the server's only socket is: inside the data directory, or, where that path is too long for a socket, under a
 * name in the system's temporary directory that the data directory gives.
 */
export function socketDirectoryOf(dataDir: string): string {
  const inside = join(dataDir, 'run');
  const name = `stoa-hub-${createHash('sha256').update(dataDir).digest('hex').slice(0, 24)}`;
  return Buffer.byteLength(socketFile(inside)) < SOCKET_PATH_BYTES ? inside : join(tmpdir(), name);
}

/** Makes it, 0700. */
export async function ensureSocketDirectory(
  dataDir: string,
  account: ServerAccount | undefined,
): Promise<string> {
  const directory = socketDirectoryOf(dataDir);
  await mkdir(directory, { mode: 0o700 }).catch((cause) => {
    if (cause.code !== 'EEXIST') throw cause;
  });
  const { uid } = await lstat(directory);
  const ours = [process.getuid?.(), account?.uid];
  const isDirectory = (await lstat(directory)).isDirectory();
  if (!isDirectory || !ours.includes(uid)) {
    throw new DatabaseError(
      'data_directory_unusable',
      `${directory}, the place of the database's socket, belongs to user ${uid}: expected a directory of ours. Remove it.`,
    );
  }
  await chmod(directory, 0o700);
  if (account) await chown(directory, account.uid, account.gid);
  return directory;
}

export function socketFile(directory: string): string {
  return join(directory, `.s.PGSQL.${PORT}`);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
