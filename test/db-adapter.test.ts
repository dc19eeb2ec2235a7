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
