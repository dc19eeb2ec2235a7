import { randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dbAdapterContract } from '@stoa/hub/seams/db-adapter/contract';
import { type DbLog, openEmbedded, openUrl } from '@stoa/hub/seams/db-adapter/index';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type PostgresServer, startPostgres } from './kit/postgres.ts';

const log: DbLog = { debug: () => {}, info: () => {}, warn: console.warn, error: console.error };

describe('embedded PostgreSQL', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'stoa-embedded-'));
    await chmod(directory, 0o711);
  });
  afterAll(() => rm(directory, { recursive: true }));

  dbAdapterContract('embedded', () => openEmbedded({ dataDir: join(directory, randomUUID()), log }));
});

describe("the machine's own PostgreSQL by URL", { tags: ['postgres'] }, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server.close());

  dbAdapterContract('url', async () => openUrl({ url: await server.createDatabase(), log }));

  it('takes nothing from the environment that the URL leaves open', async () => {
    const url = await server.createDatabase();
    for (const name of ['PGHOST', 'PGUSER', 'PGDATABASE', 'PGPASSWORD', 'PGAPPNAME', 'PGSSLMODE'])
      process.env[name] = 'wrong';
    try {
      await using adapter = await openUrl({ url, log });
      const [row] =
        await adapter.sql`select current_user as user, current_setting('application_name') as app`;
      expect(row).toEqual({ user: 'postgres', app: 'stoa-hub' });
    } finally {
      for (const name of ['PGHOST', 'PGUSER', 'PGDATABASE', 'PGPASSWORD', 'PGAPPNAME', 'PGSSLMODE'])
        delete process.env[name];
    }
  });

  it('says that a database is not there, without the password', async () => {
    const url = server.url.replace('postgres@', 'postgres:hunter2@').replace('/postgres?', '/absent?');
    const error = await openUrl({ url, log }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'database_unavailable', retry: true, cause: { code: '3D000' } });
    expect(String(error)).toContain('absent');
    expect(String(error)).not.toContain('hunter2');
  });

  it('reads at a replica what may be behind, and at the database itself while no replica answers', async () => {
    const url = await server.createDatabase();
    const replica = await server.replicate();
    await using adapter = await openUrl({ url, replicas: replica.place, log });
    const place = async () => {
      const [row] = await adapter.replica`select pg_is_in_recovery() as replica, inet_server_port() as port`;
      return { ...row };
    };
    const port = Number(replica.place.split(':')[1]);
    expect(await place()).toEqual({ replica: true, port });
    await adapter.sql`create table told (word text)`;
    await adapter.sql`insert into told values ('once')`;
    await expect
      .poll(() => adapter.replica`select word from told`.catch(() => []))
      .toEqual([{ word: 'once' }]);
    await expect(adapter.replica`insert into told values ('twice')`).rejects.toMatchObject({ code: '25006' });
    await replica.close();
    await expect.poll(() => place().catch(() => undefined)).toMatchObject({ replica: false });
    // Read-only there too.
    await expect(adapter.replica`insert into told values ('twice')`).rejects.toMatchObject({ code: '25006' });
    expect(await adapter.sql`select word from told`).toEqual([{ word: 'once' }]);
  });

  it('notices that the server is gone, and that it is back', { timeout: 150_000 }, async () => {
    const other = await startPostgres();
    await using adapter = await openUrl({ url: other.url, log });
    await adapter.check();
    await other.stop();
    await expect(adapter.check()).rejects.toMatchObject({ code: 'database_unavailable', retry: true });
    await other.start();
    await expect
      .poll(
        () =>
          adapter.check().then(
            () => 'ready',
            () => 'not yet',
          ),
        { timeout: 60_000 },
      )
      .toBe('ready');
    await other.close();
  });
});
