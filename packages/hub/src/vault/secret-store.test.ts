import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { SECRETS, SecretStore } from './secret-store.ts';
import { Vault } from './vault.ts';

describe('SecretStore', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  const key = randomBytes(32);
  const opened = (...keys: Uint8Array[]) =>
    new SecretStore({
      sql: database.sql,
      vault: new Vault({ keys: keys.length === 0 ? [key] : keys, random: randomBytes }),
      clock: { now: () => 1_000 },
    });
  beforeAll(async () => {
    database = await openTemporary();
  });
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.sql`delete from vault_secrets`;
  });

  it('gives back whatever was sealed, the newest under a name, to every process with the key', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.uuid(), async (secret, name) => {
        await opened().seal(name, 'an older one');
        await opened().seal(name, secret);
        expect(await opened().open(name)).toBe(secret);
      }),
      { numRuns: 15 },
    );
  });

  it('shows nothing of a secret in the database, and forgets', async () => {
    await opened().seal('ssh-key/a', 'hunter2-hunter2');
    const [row] = await database.sql`select sealed from vault_secrets`;
    expect(row?.['sealed']).not.toContain('hunter2');
    expect(await opened().forget('ssh-key/a')).toBe(true);
    expect(await opened().forget('ssh-key/a')).toBe(false);
    expect(await opened().open('ssh-key/a')).toBeUndefined();
  });

  it('opens nothing under another name', async () => {
    await opened().seal('a', 'secret of a');
    await opened().seal('b', 'secret of b');
    await database.sql`update vault_secrets t set sealed = o.sealed from vault_secrets o where t.name = 'a' and o.name = 'b'`;
    await expect(opened().open('a')).rejects.toMatchObject({ code: 'seal_broken' });
  });

  it('is sealed anew by the key in force, 1,001 at once too, and the old key opens nothing then', async () => {
    const old = opened();
    for (let i = 0; i < 1_001; i += 1) await old.seal(`s${i}`, `secret ${i}`);
    const next = randomBytes(32);
    const vault = new Vault({ keys: [next, key], random: randomBytes });
    await vault.reseal(database.sql, SECRETS, { error: () => undefined });
    expect(await opened(next).open('s1000')).toBe('secret 1000');
    await expect(old.open('s0')).rejects.toMatchObject({ code: 'vault_key_unknown' });
  });
});
