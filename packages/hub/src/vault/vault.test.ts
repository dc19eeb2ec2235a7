import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { PrivateFile } from '../private-file.ts';
import { Vault } from './vault.ts';

describe('Vault', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let directory: string;
  let path: string;
  let files = 0;
  const open = (at = path, sql = database.sql) =>
    new Vault({ sql, file: new PrivateFile(at), clock: { now: () => 1_000 }, random: randomBytes });
  beforeAll(async () => {
    database = await openTemporary();
    directory = await mkdtemp(join(tmpdir(), 'stoa-vault-'));
  });
  afterAll(async () => {
    await database.close();
    await rm(directory, { recursive: true });
  });
  beforeEach(async () => {
    await database.sql`delete from vault_secrets`;
    files += 1;
    path = join(directory, `vault-${files}.key`);
  });

  it('gives back whatever was sealed, to every process with the key file, and after a rotation', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), fc.uuid(), async (secret, name) => {
        await open().seal(name, secret);
        expect(await open().open(name)).toBe(secret);
        await open().rotate();
        expect(await open().open(name)).toBe(secret);
      }),
      { numRuns: 15 },
    );
  });

  it('shows nothing of a secret in the database, and forgets', async () => {
    await open().seal('ssh-key/a', 'hunter2-hunter2');
    const [row] = await database.sql`select box::text || nonce::text as all from vault_secrets`;
    expect(row?.['all']).not.toContain(Buffer.from('hunter2').toString('hex'));
    expect(await open().forget('ssh-key/a')).toBe(true);
    expect(await open().forget('ssh-key/a')).toBe(false);
    expect(await open().open('ssh-key/a')).toBeUndefined();
  });

  it('refuses a box that was put under another name, or damaged, or sealed elsewhere', async () => {
    const vault = open();
    await vault.seal('a', 'secret of a');
    await vault.seal('b', 'secret of b');
    await database.sql`update vault_secrets t set nonce = o.nonce, box = o.box from vault_secrets o
      where t.name = 'a' and o.name = 'b'`;
    await expect(vault.open('a')).rejects.toMatchObject({ code: 'vault_sealed' });
    await database.sql`update vault_secrets set box = set_byte(box, 20, get_byte(box, 20) # 1) where name = 'b'`;
    await expect(vault.open('b')).rejects.toMatchObject({ code: 'vault_sealed' });
    await vault.seal('c', 'secret of c');
    const elsewhere = await open(`${path}-other`)
      .open('c')
      .catch((error: unknown) => error);
    expect(elsewhere).toMatchObject({ code: 'vault_sealed', retry: false });
    expect(String(elsewhere)).not.toContain('secret of c');
  });

  it('goes on with a rotation that was cut off, and seals meanwhile', async () => {
    const vault = open();
    for (let i = 0; i < 450; i += 1) await vault.seal(`s${i}`, `secret ${i}`);
    const before = await new PrivateFile(path).load();
    // The third batch fails: two have the new key, the rest the old one.
    let batches = 0;
    const failing = new Proxy(database.sql, {
      get: (sql, name) =>
        name === 'begin'
          ? (act: never) => {
              batches += 1;
              return batches > 2 ? Promise.reject(new Error('cut off')) : sql.begin(act);
            }
          : Reflect.get(sql, name),
    });
    await expect(open(path, failing).rotate()).rejects.toThrow('cut off');
    expect((await new PrivateFile(path).load())?.length).toBe(64);
    await open().seal('s0', 'newer');
    expect(await open().open('s449')).toBe('secret 449');
    expect(await open().rotate()).toBe(50);
    expect(await open().open('s0')).toBe('newer');
    expect(await open().open('s449')).toBe('secret 449');
    const after = await new PrivateFile(path).load();
    expect(after).toHaveLength(32);
    expect(after).not.toEqual(before);
    const keys = await database.sql`select distinct key_id from vault_secrets`;
    expect(keys).toHaveLength(1);
  });

  it('says that its key file is damaged', async () => {
    await new PrivateFile(path).save(new Uint8Array(31));
    await expect(open().seal('a', 'b')).rejects.toMatchObject({ code: 'vault_key_damaged', retry: false });
  });
});
