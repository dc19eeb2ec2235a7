import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DbAdapter, DbLog } from './adapter.ts';
import { openEmbedded } from './embedded.ts';
import { type DatabaseError, DataDirectoryInUseError } from './error.ts';
import { chownTree } from './server-account.ts';
import { installedBinaries, serverBinaries } from './server-binaries.ts';

const asRoot = process.getuid?.() === 0;
const NOBODY = { name: 'nobody', uid: 65_534, gid: 65_534 };
const log: DbLog = { debug: () => {}, info: () => {}, warn: () => {}, error: console.error };

describe('embedded PostgreSQL', { timeout: 60_000 }, () => {
  let directory: string;
  let dataDir: string;
  const holders: ChildProcess[] = [];

  // One cluster serves all tests, each of which leaves it as it was: an initdb costs more than all else here.
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stoa embedded '));
    await chmod(directory, 0o711);
    dataDir = join(directory, 'db');
    await openEmbedded({ dataDir, log }).then((adapter) => adapter.close());
  }, 60_000);

  afterEach(async () => {
    for (const holder of holders.splice(0)) holder.kill('SIGKILL');
    expect(await serversIn(directory)).toEqual([]);
  });

  afterAll(() => rm(directory, { recursive: true }));

  async function hold(): Promise<{ holder: ChildProcess; backend: number }> {
    const script = fileURLToPath(new URL('fixtures/holder.ts', import.meta.url));
    const holder = spawn(process.execPath, [script, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
    holders.push(holder);
    const lines = createInterface({ input: holder.stdout! });
    const [line] = await Promise.race([once(lines, 'line'), once(holder, 'exit')]);
    const { backend }: { backend: number } = JSON.parse(line);
    return { holder, backend };
  }

  async function killed(holder: ChildProcess): Promise<void> {
    holder.kill('SIGKILL');
    await once(holder, 'exit');
  }

  it('keeps data over a restart, in a path with spaces, and leaves no process and no socket', async () => {
    const first = await openEmbedded({ dataDir, log });
    await first.sql`create table mine as select 1 as one`;
    expect((await first.sql`select current_setting('fsync') as fsync`)[0]).toEqual({ fsync: 'on' });
    await first.close();
    expect(await serversIn(directory)).toEqual([]);
    expect(await readdir(dataDir)).toEqual(['cluster']);

    await using second = await openEmbedded({ dataDir, log });
    expect(await second.sql`select one from mine`).toEqual([{ one: 1 }]);
  });

  it('listens on nothing but its own socket, which only its account can reach', async () => {
    await using adapter = await openEmbedded({ dataDir, log });
    expect((await adapter.sql`show listen_addresses`)[0]).toEqual({ listen_addresses: '' });
    expect((await stat(join(dataDir, 'run'))).mode & 0o777).toBe(0o700);
    expect((await stat(dataDir)).mode & 0o777).toBe(0o700);
  });

  it('goes on after kill -9 of its hub: what was committed is there, the old server is gone', async () => {
    const { holder, backend } = await hold();
    await killed(holder);
    expect(await serversIn(dataDir)).toContain(backend);

    await using adapter = await openEmbedded({ dataDir, log });
    expect(await adapter.sql`select holder from kept`).toEqual([{ holder: holder.pid }]);
    expect(await serversIn(dataDir)).not.toContain(backend);
  });

  it('waits for backends that outlive a killed postmaster', async () => {
    const { holder, backend } = await hold();
    const postmaster = Number.parseInt(await readFile(join(dataDir, 'cluster/postmaster.pid'), 'utf8'), 10);
    await killed(holder);
    process.kill(postmaster, 'SIGKILL');

    await using adapter = await openEmbedded({ dataDir, log });
    expect(await adapter.sql`select holder from kept`).toEqual([{ holder: holder.pid }]);
    expect(await serversIn(dataDir)).not.toContain(backend);
  });

  it('removes a stale pid file whose number belongs to someone else now', async () => {
    const bystander = spawn('sleep', ['60']);
    const lines = [bystander.pid, join(dataDir, 'cluster'), 0, 5432, join(dataDir, 'run'), '', ''];
    await writeFile(join(dataDir, 'cluster/postmaster.pid'), lines.join('\n'));

    await using adapter = await openEmbedded({ dataDir, log });
    await expect(adapter.check()).resolves.toBeUndefined();
    expect(bystander.exitCode).toBeNull();
    bystander.kill();
  });

  it('refuses a directory that another hub holds, by whatever name it is called', async () => {
    const { holder, backend } = await hold();
    const alias = join(directory, 'alias');
    await symlink(dataDir, alias);
    for (const path of [dataDir, alias]) {
      const error = await openEmbedded({ dataDir: path, log }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(DataDirectoryInUseError);
      expect(error).toMatchObject({ code: 'data_directory_in_use', retry: false, path: dataDir });
      expect(String(error)).toContain(`process ${holder.pid}`);
    }
    expect(await serversIn(dataDir)).toContain(backend);
    await killed(holder);
    await openEmbedded({ dataDir, log }).then((adapter) => adapter.close());
  });

  it('lets exactly one of several hubs that start at the same moment in', async () => {
    const results = await Promise.allSettled([1, 2, 3].map(() => openEmbedded({ dataDir, log })));
    const opened = results.filter((result) => result.status === 'fulfilled');
    const refused = results.filter((result) => result.status === 'rejected');
    expect(opened).toHaveLength(1);
    expect(refused.map(({ reason }) => reason.code)).toEqual([
      'data_directory_in_use',
      'data_directory_in_use',
    ]);
    await opened[0]?.value.close();
  });

  it('puts its socket elsewhere when the path is too long for one', async () => {
    const long = join(directory, 'a'.repeat(120));
    await rename(dataDir, long);
    const adapter = await openEmbedded({ dataDir: long, log });
    const [row] = await adapter.sql`select current_setting('unix_socket_directories') as directory`;
    const socketDirectory = String(row?.['directory']).replaceAll('"', '');
    expect(dirname(socketDirectory)).toBe(tmpdir());
    await adapter.close();
    await expect(stat(socketDirectory)).rejects.toThrow('ENOENT');
    await rename(long, dataDir);
  });

  it('refuses a directory with something else in it, and leaves that alone', async () => {
    const other = join(directory, 'letters');
    await mkdir(other);
    await writeFile(join(other, 'letter.txt'), 'mine');
    const owner = (await stat(other)).uid;
    await expect(openEmbedded({ dataDir: other, log })).rejects.toMatchObject({
      code: 'data_directory_unusable',
    });
    expect((await stat(other)).uid).toBe(owner);
  });

  it('refuses a cluster of another major version', async () => {
    const version = join(dataDir, 'cluster/PG_VERSION');
    const before = await readFile(version, 'utf8');
    await writeFile(version, '14\n');
    await expect(openEmbedded({ dataDir, log })).rejects.toMatchObject({
      code: 'database_version_unsupported',
      message: expect.stringContaining('PostgreSQL 14'),
    });
    await writeFile(version, before);
  });

  it('says why the server does not start, and frees the directory', async () => {
    const settings = join(dataDir, 'cluster/postgresql.conf');
    const before = await readFile(settings, 'utf8');
    await writeFile(settings, 'no such setting\n');
    await expect(openEmbedded({ dataDir, log })).rejects.toMatchObject({
      code: 'database_start_failed',
      message: expect.stringContaining('syntax error'),
    });
    await writeFile(settings, before);
    await openEmbedded({ dataDir, log }).then((adapter) => adapter.close());
  });

  it('begins an initdb that was cut off again', async () => {
    const cutOff = join(directory, 'cut off');
    await mkdir(join(cutOff, 'cluster.new-x1y2z3'), { recursive: true });
    await writeFile(join(cutOff, 'cluster.new-x1y2z3/PG_VERSION'), '18\n');
    await using adapter = await openEmbedded({ dataDir: cutOff, log });
    await adapter.check();
    expect((await readdir(cutOff)).sort()).toEqual(['cluster', 'run']);
  });

  it('tells when the server ends unasked', async () => {
    const ended = Promise.withResolvers<DatabaseError>();
    const adapter: DbAdapter = await openEmbedded({ dataDir, log, onServerExit: ended.resolve });
    const [postmaster] = await serversIn(dataDir);
    process.kill(postmaster!, 'SIGQUIT');
    await expect(ended.promise).resolves.toMatchObject({ code: 'database_stopped', retry: false });
    await expect(adapter.check()).rejects.toMatchObject({ code: 'database_unavailable' });
    await adapter.close();
    await openEmbedded({ dataDir, log }).then((again) => again.close());
  });

  describe.runIf(asRoot)('as root', () => {
    it('runs the server under an unprivileged account', async () => {
      await using adapter = await openEmbedded({ dataDir, log });
      await adapter.check();
      const uids = await Promise.all(
        (await serversIn(dataDir)).map(async (pid) => (await stat(`/proc/${pid}`)).uid),
      );
      expect(uids.length).toBeGreaterThan(0);
      expect(uids).not.toContain(0);
    });

    it("keeps the account of a plain user's cluster", async () => {
      const { uid, gid } = await stat(dataDir);
      await chownTree(dataDir, NOBODY);
      await using adapter = await openEmbedded({ dataDir, log });
      await adapter.check();
      const [postmaster] = await serversIn(dataDir);
      expect((await stat(`/proc/${postmaster}`)).uid).toBe(NOBODY.uid);
      await adapter.close();
      await chownTree(dataDir, { name: 'before', uid, gid });
    });

    it('names the directory that the account cannot pass', async () => {
      await chmod(directory, 0o700);
      await expect(openEmbedded({ dataDir, log })).rejects.toMatchObject({
        code: 'data_directory_unusable',
        message: expect.stringContaining(`chmod o+x ${directory}`),
      });
      await chmod(directory, 0o711);
    });

    it('copies binaries that the account cannot reach', async () => {
      const hidden = join(directory, 'checkout');
      await mkdir(hidden, { mode: 0o700 });
      await cp(dirname(dirname((await installedBinaries()).postgres)), join(hidden, 'native'), {
        recursive: true,
        verbatimSymlinks: true,
      });
      const copies = join(directory, 'copies');
      await mkdir(copies);
      const installed = {
        initdb: join(hidden, 'native/bin/initdb'),
        postgres: join(hidden, 'native/bin/postgres'),
      };
      const binaries = await serverBinaries(copies, NOBODY, installed);
      expect(dirname(dirname(dirname(binaries.postgres)))).toBe(copies);
      expect(await serverBinaries(copies, NOBODY, installed)).toEqual(binaries);
    });
  });
});

async function serversIn(path: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const cwds = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return pids.filter((_, index) => cwds[index]?.startsWith(path)).map(Number);
}
