import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, chown, mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import postgres from 'postgres';

const DEBIAN = '/usr/lib/postgresql';
const ATTEMPTS = 5;

const run = promisify(execFile);

export interface PostgresServer extends AsyncDisposable {
  /** Of the database `postgres`, as superuser without password. */
  readonly url: string;
  /** An empty database of its own on the same server. @returns its URL, by TCP unless said. */
  createDatabase(over?: 'tcp' | 'socket'): Promise<string>;
  /** A streaming read replica of it, on a port of its own. */
  replicate(): Promise<PostgresReplica>;
  /** An outage: the port is refused until `start`. */
  stop(): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface PostgresReplica extends AsyncDisposable {
  /** `host:port`. */
  readonly place: string;
  close(): Promise<void>;
}

interface Ids {
  uid?: number;
  gid?: number;
}

/** The machine's own PostgreSQL on a temporary directory and a free port; as root under the account `postgres`. */
export async function startPostgres(): Promise<PostgresServer> {
  const bin = await newestBinaries();
  const ids = await serverIds();
  const directory = await mkdtemp(join(tmpdir(), 'stoa-postgres-'));
  await chmod(directory, 0o700);
  if (ids.uid !== undefined && ids.gid !== undefined) await chown(directory, ids.uid, ids.gid);
  const data = join(directory, 'data');
  await run(join(bin, 'initdb'), ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '-E', 'UTF8'], {
    ...ids,
    cwd: '/',
  });
  const launch = (port: number) =>
    startServer(join(bin, 'postgres'), ['-D', data, '-k', directory, '-p', `${port}`], ids);
  const first = await onFreePort(launch);
  const { port } = first;
  let server = first.server;
  const urlOf = (database: string) => `postgres://postgres@127.0.0.1:${port}/${database}?sslmode=disable`;
  const socketUrlOf = (database: string) =>
    `postgres://postgres@localhost:${port}/${database}?host=${directory}`;
  const stop = () => ended(server);
  const close = async () => {
    await stop();
    await rm(directory, { recursive: true, force: true });
  };
  return {
    url: urlOf('postgres'),
    createDatabase: async (over = 'tcp') => {
      const name = `test_${randomUUID().replaceAll('-', '')}`;
      const sql = postgres(urlOf('postgres'), { max: 1 });
      await sql`create database ${sql(name)}`;
      await sql.end();
      return over === 'tcp' ? urlOf(name) : socketUrlOf(name);
    },
    replicate: () => startReplica({ bin, ids, url: urlOf('postgres') }),
    stop,
    start: async () => {
      server = await launch(port);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function startReplica({
  bin,
  ids,
  url,
}: {
  bin: string;
  ids: Ids;
  url: string;
}): Promise<PostgresReplica> {
  const directory = await mkdtemp(join(tmpdir(), 'stoa-replica-'));
  await chmod(directory, 0o700);
  if (ids.uid !== undefined && ids.gid !== undefined) await chown(directory, ids.uid, ids.gid);
  const data = join(directory, 'data');
  const copy = ['-D', data, '-R', '--checkpoint=fast', '--no-sync', '-d', url];
  await run(join(bin, 'pg_basebackup'), copy, { ...ids, cwd: '/' });
  const { server, port } = await onFreePort((free) =>
    startServer(join(bin, 'postgres'), ['-D', data, '-k', directory, '-p', `${free}`], ids),
  );
  const close = async () => {
    await ended(server);
    await rm(directory, { recursive: true, force: true });
  };
  return { place: `127.0.0.1:${port}`, close, [Symbol.asyncDispose]: close };
}

async function ended(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  server.kill('SIGINT');
  await once(server, 'exit');
}

async function newestBinaries(): Promise<string> {
  const versions = (await readdir(DEBIAN)).map(Number).filter((version) => version >= 15);
  if (versions.length === 0) throw new Error(`no PostgreSQL >= 15 in ${DEBIAN}: apt-get install postgresql`);
  return join(DEBIAN, `${Math.max(...versions)}`, 'bin');
}

async function serverIds(): Promise<Ids> {
  if (process.getuid?.() !== 0) return {};
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (what) => Number((await run('id', [what, 'postgres'])).stdout)),
  );
  return { uid: uid!, gid: gid! };
}

/** Between finding a free port and taking it another may come first: then with the next one. */
async function onFreePort(
  launch: (port: number) => Promise<ChildProcess>,
): Promise<{ server: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      return { server: await launch(port), port };
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

async function startServer(command: string, args: string[], ids: Ids): Promise<ChildProcess> {
  // A test's data need not survive a power cut.
  const settings = ['listen_addresses=127.0.0.1', 'fsync=off', 'lc_messages=C'].flatMap((setting) => [
    '-c',
    setting,
  ]);
  const server = spawn(command, [...args, ...settings], {
    ...ids,
    cwd: '/',
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const output = await untilReady(server);
  if (output !== undefined) throw new Error(`PostgreSQL did not start: ${output}`);
  return server;
}

/** @returns nothing once it accepts connections, or what it said before it ended. */
async function untilReady(server: ChildProcess): Promise<string | undefined> {
  const output: string[] = [];
  return await new Promise((resolve, reject) => {
    createInterface({ input: server.stderr! }).on('line', (line) => {
      output.push(line);
      if (/ready to accept (?:read-only )?connections/.test(line)) resolve(undefined);
    });
    server.once('error', reject).once('exit', () => resolve(output.join('\n')));
  });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
