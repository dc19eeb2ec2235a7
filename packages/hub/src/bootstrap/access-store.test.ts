import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { AccessStore, type SshAccess } from './access-store.ts';
import { SpentSecrets } from './spent-secrets-store.ts';

const TARGET = { host: '10.0.0.1', port: 22, user: 'op' };
const keyOf = (id: string) => ({ id, line: `ssh-ed25519 ${id}` });

describe('what the database has of SSH', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let access: AccessStore;
  beforeAll(async () => {
    database = await openTemporary();
    access = new AccessStore({ sql: database.sql, clock: { now: () => 1_000 } });
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.sql`truncate ssh_access, vault_secrets`;
  });

  const setNext = (seen: SshAccess, id: string) =>
    access.setNext(seen, keyOf(id), { jobId: randomUUID(), seal: async () => undefined });
  const now = () => access.ensure(TARGET);

  it('an attempt that was overtaken makes no second key, switches to none, and forgets none of another', async () => {
    const bare = await now();
    await setNext(bare, 'a');
    await expect(setNext(bare, 'b')).rejects.toMatchObject({ code: 'seated_elsewhere', retry: true });
    const first = await now();
    await access.switch(first);
    await expect(access.switch(first)).rejects.toMatchObject({ code: 'seated_elsewhere' });
    await expect(setNext(first, 'c')).rejects.toMatchObject({ code: 'seated_elsewhere' });
    await setNext(await now(), 'd');
    const second = await now();
    await access.switch(second);
    await access.forgetOld(first);
    expect(await now()).toMatchObject({ key: keyOf('d'), next: undefined, old: keyOf('a') });
    await access.forgetOld(await now());
    expect((await now()).old).toBeUndefined();
  });

  it('what was sealed for a job goes when the job is over or was never made, whoever ended it', async () => {
    const { sql } = database;
    const [running, cancelled, never] = [randomUUID(), randomUUID(), randomUUID()];
    for (const jobId of [running, cancelled]) {
      await sql`insert into job_batches (batch_id, run, kind, params, selector, node_count, created_by, created_at)
        values (${jobId}, 'ssh', 'bootstrap', '', 'h:22', 1, 'a@b.example', now())`;
      await sql`insert into jobs (job_id, batch_id, node_id, owner, run, kind, class, mutating, idempotent, params,
          max_attempts, scheduled_at, deadline, created_at, state, ended_at)
        values (${jobId}, ${jobId}, 'h:22', 'a@b.example', 'ssh', 'bootstrap', 'install', true, true, '', 3, now(), now(),
          now(), ${jobId === running ? 'running' : 'cancelled'}, ${jobId === running ? null : new Date()})`;
    }
    const names = [running, cancelled, never].flatMap((id) => [`ssh-login/${id}`, `join-token/${id}`]);
    for (const name of [...names, 'ssh-key/abcd'])
      await sql`insert into vault_secrets (name, sealed, created_at) values (${name}, 'x', now())`;
    await new SpentSecrets(sql).forget();
    const left = await sql<{ name: string }[]>`select name from vault_secrets order by name`;
    expect(left.map(({ name }) => name)).toEqual([
      `join-token/${running}`,
      'ssh-key/abcd',
      `ssh-login/${running}`,
    ]);
  });
});
