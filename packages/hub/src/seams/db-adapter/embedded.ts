import { rm } from 'node:fs/promises';
import { totalmem } from 'node:os';
import type { DbAdapter, DbLog } from './adapter.ts';
import * as cluster from './cluster.ts';
import { DataDirectoryLock } from './data-directory-lock.ts';
import { DatabaseError } from './error.ts';
import { stopOrphan } from './orphan.ts';
import { PoolAdapter, type PoolOptions } from './pool-adapter.ts';
import { connectSql, type Endpoint } from './pools.ts';
import { serverAccount } from './server-account.ts';
import { installedBinaries, serverBinaries } from './server-binaries.ts';
import { ServerProcess } from './server-process.ts';

export interface EmbeddedOptions extends PoolOptions {
  /** The database's own directory, made if absent. For a hub that runs as root, the server's account must be able to pass every directory above it. */
  readonly dataDir: string;
  /** The server ended though nobody asked: the hub can't go on and should shut down. */
  readonly onServerExit?: (error: DatabaseError) => void;
}

/**
 * Starts PostgreSQL on `dataDir`, reachable by a Unix socket only. The lock comes first and goes last: everything
 * between may assume that no other hub touches the directory.
 *
 * @throws {DatabaseError} `data_directory_in_use`, `data_directory_unusable`, `database_start_failed` or
 * `database_version_unsupported`.
 */
export async function openEmbedded({
  dataDir,
  onServerExit,
  ...options
}: EmbeddedOptions): Promise<DbAdapter> {
  await using held = new AsyncDisposableStack();
  const directory = await cluster.ensureDataDirectory(dataDir);
  held.use(await DataDirectoryLock.take(directory));
  const { server, socketDirectory } = await startServer(directory, options.log);
  held.defer(async () => {
    await server.stop();
    await rm(socketDirectory, { recursive: true, force: true });
  });
  const endpoint = embeddedEndpoint(socketDirectory);
  await ensureDatabase(endpoint, options.log);

  const opened = held.move();
  let closing = false;
  const adapter = new PoolAdapter('embedded', endpoint, options, async () => {
    closing = true;
    await opened.disposeAsync();
  });
  void server.exit.then((how) => {
    if (!closing) onServerExit?.(stopped(directory, how));
  });
  return adapter;
}

export function embeddedEndpoint(socketDirectory: string): Endpoint {
  return {
    host: 'localhost',
    port: cluster.PORT,
    path: cluster.socketFile(socketDirectory),
    user: cluster.SUPERUSER,
    password: '',
    database: cluster.DATABASE,
    ssl: false,
  };
}

async function startServer(
  directory: string,
  log: DbLog,
): Promise<{ server: ServerProcess; socketDirectory: string }> {
  const account = process.getuid?.() === 0 ? await serverAccount(`${directory}/cluster`) : undefined;
  if (account) await cluster.giveTo(account, directory);
  const socketDirectory = await cluster.ensureSocketDirectory(directory, account);
  await stopOrphan({ cluster: `${directory}/cluster`, socketFile: cluster.socketFile(socketDirectory) }, log);
  const binaries = await serverBinaries(directory, account, await installedBinaries());
  const path = await cluster.ensureCluster(directory, binaries, account);
  const server = await ServerProcess.start(
    { postgres: binaries.postgres, cluster: path, socketDirectory, account, memory: memoryOf(process) },
    log,
  );
  log.info({ cluster: path, pid: server.pid, account: account?.name }, 'embedded PostgreSQL started');
  return { server, socketDirectory };
}

/** A container's limit where there is one. */
function memoryOf({ constrainedMemory }: Pick<NodeJS.Process, 'constrainedMemory'>): number {
  return Math.min(totalmem(), constrainedMemory() || Number.POSITIVE_INFINITY);
}

async function ensureDatabase(endpoint: Endpoint, log: DbLog): Promise<void> {
  const sql = connectSql({ ...endpoint, database: 'postgres' }, log, 1);
  try {
    const found = await sql`select from pg_database where datname = ${endpoint.database}`;
    if (found.length === 0) await sql`create database ${sql(endpoint.database)}`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function stopped(directory: string, how: string): DatabaseError {
  return new DatabaseError(
    'database_stopped',
    `The embedded PostgreSQL in ${directory} ended unasked (${how}): see its log lines; a restart of the hub starts and recovers it.`,
  );
}
