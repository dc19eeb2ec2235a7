import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { CHANNEL_SECRETS } from '../alerts/index.ts';
import { sealersOf } from '../ssh-side.ts';
import { openVault, type SealedColumn, Vault } from './vault.ts';

const COLUMN: SealedColumn = { table: 't', id: 'id', column: 'c' };
const made = (...keys: Uint8Array[]) => new Vault({ keys, random: randomBytes });

describe('Vault', () => {
  const [old, current] = [randomBytes(32), randomBytes(32)];

  it('opens what it sealed, in its own place, and nothing that was changed', () => {
    const vault = made(current);
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.nat(), (text, id, at) => {
        const sealed = vault.seal(text, COLUMN, id);
        expect(vault.open(sealed, COLUMN, id)).toBe(text);
        expect(sealed).not.toBe(vault.seal(text, COLUMN, id));
        for (const [column, row] of [
          [COLUMN, `${id}x`],
          [{ ...COLUMN, column: 'd' }, id],
          [{ ...COLUMN, table: 'tc' }, id],
        ] as const)
          expect(() => vault.open(sealed, column, row)).toThrow(
            expect.objectContaining({ code: 'seal_broken' }),
          );
        const bytes = Buffer.from(sealed.slice(vault.prefix.length), 'base64url');
        bytes[at % bytes.length]! ^= 1;
        const changed = vault.prefix + bytes.toString('base64url');
        expect(() => vault.open(changed, COLUMN, id)).toThrow(
          expect.objectContaining({ code: 'seal_broken' }),
        );
      }),
      { numRuns: 50 },
    );
  });

  it('opens by the keys before the one in force, and names one that it has not', () => {
    const sealed = made(old).seal('token', COLUMN, '1');
    expect(made(current, old).open(sealed, COLUMN, '1')).toBe('token');
    expect(() => made(current).open(sealed, COLUMN, '1')).toThrow(
      expect.objectContaining({
        code: 'vault_key_unknown',
        message: expect.stringContaining(made(old).keyId),
      }),
    );
    for (const text of ['token', 'sealed:', `${made(current).prefix}`, 'sealed:x:y'])
      expect(() => made(current).open(text, COLUMN, '1')).toThrow(
        expect.objectContaining({ code: 'not_sealed' }),
      );
  });

  it('takes no key of another length, and none at all', () => {
    for (const keys of [[], [randomBytes(16)], [current, randomBytes(31)]])
      expect(() => made(...keys)).toThrow(expect.objectContaining({ code: 'vault_key_damaged' }));
  });
});

describe('openVault', { timeout: 60_000 }, () => {
  let database: DbAdapter;

  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.sql`delete from region_settings where name = 'vault-key'`;
    await database.sql`truncate alert_channels cascade`;
    const channels = ['a', 'b', 'c'].map((id) => ({
      ...{ id, owner: 'o@stoa.example', kind: 'telegram', name: id, target: 'chat', enabled: true },
      ...{ secret: id === 'c' ? '' : `token of ${id}`, created_at: new Date() },
    }));
    await database.sql`insert into alert_channels ${database.sql(channels)}`;
  });

  /** A key file; undefined: there is none. */
  class KeyFile {
    held: string | undefined;
    constructor(held?: string) {
      this.held = held;
    }
    load = async () => (this.held === undefined ? undefined : Buffer.from(this.held));
    save = async (bytes: Uint8Array) => {
      this.held = Buffer.from(bytes).toString();
    };
  }

  const errors: object[] = [];
  const open = (file: KeyFile, isAlone?: () => Promise<boolean>) =>
    openVault({
      ...(isAlone && {
        sealers: { others: async () => !(await isAlone()), seen: async () => undefined },
      }),
      ...{ file, sql: database.sql, random: randomBytes, columns: [CHANNEL_SECRETS] },
      log: { error: (fields: object) => void errors.push(fields) } as ReturnType<typeof pino>,
    });
  const secrets = async () =>
    (await database.sql<{ secret: string }[]>`select secret from alert_channels order by id`).map(
      ({ secret }) => secret,
    );
  const opened = async (vault: Vault) => {
    const [a, b, c] = await secrets();
    return [vault.open(a!, CHANNEL_SECRETS, 'a'), vault.open(b!, CHANNEL_SECRETS, 'b'), c];
  };
  const TOKENS = ['token of a', 'token of b', ''];

  it('makes its key once, and seals what lies open', async () => {
    const file = new KeyFile();
    const vault = await open(file);
    expect(file.held).toMatch(/^[0-9a-f]{64}\n$/);
    expect(await opened(vault)).toEqual(TOKENS);
    const before = await secrets();
    expect(JSON.stringify(before)).not.toContain('token');
    const again = await open(file);
    expect([again.keyId, await secrets()]).toEqual([vault.keyId, before]);
  });

  it('seals everything by a new key, after which the old one may go', async () => {
    const file = new KeyFile();
    await open(file);
    const next = randomBytes(32).toString('hex');
    file.held = `${next}\n${file.held}`;
    await open(file);
    file.held = `${next}\n`;
    expect(await opened(await open(file))).toEqual(TOKENS);
  });

  it('makes no second key for a region, nor goes on with another', async () => {
    const file = new KeyFile();
    await open(file);
    const before = await secrets();
    const none = new KeyFile();
    for (const wrong of [none, new KeyFile(`${randomBytes(32).toString('hex')}\n`)])
      await expect(open(wrong)).rejects.toMatchObject({ code: 'vault_key_unknown' });
    expect([none.held, await secrets()]).toEqual([undefined, before]);
    await expect(open(new KeyFile('nonsense'))).rejects.toMatchObject({ code: 'vault_key_damaged' });
  });

  it('gives up a key that nothing is sealed by, where no other hub runs', async () => {
    await open(new KeyFile());
    const next = new KeyFile();
    await expect(open(next, async () => true)).rejects.toMatchObject({ code: 'vault_key_unknown' });
    await database.sql`update alert_channels set secret = ''`;
    await expect(open(next, async () => false)).rejects.toMatchObject({ code: 'vault_key_unknown' });
    const vault = await open(next, async () => true);
    expect(next.held).toMatch(/^[0-9a-f]{64}\n$/);
    expect((await open(next)).keyId).toBe(vault.keyId);
  });

  it('says how many secrets a lost key took, and leaves them', async () => {
    await open(new KeyFile());
    const before = await secrets();
    await database.sql`delete from region_settings where name = 'vault-key'`;
    errors.splice(0);
    await open(new KeyFile());
    expect([errors, await secrets()]).toEqual([[{ table: 'alert_channels', rows: 2 }], before]);
  });

  it('of hubs that start at once with keys of their own one goes on, and the other refuses', async () => {
    await open(new KeyFile());
    await database.sql`update alert_channels set secret = ''`;
    const start = (instance: string) =>
      openVault({
        ...{ file: new KeyFile(), sql: database.sql, random: randomBytes, columns: [CHANNEL_SECRETS] },
        log: { error: () => undefined },
        sealers: sealersOf({ instance, url: '', clock: { now: () => 1_000_000 } }),
      });
    for (let round = 0; round < 10; round += 1) {
      await database.sql`truncate job_holders`;
      const ended = await Promise.allSettled(['eu-1', 'eu-2', 'eu-3'].map(start));
      expect(ended.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
      for (const each of ended)
        if (each.status === 'rejected') expect(each.reason).toMatchObject({ code: 'vault_key_unknown' });
    }
  });

  it('lets hubs that start at once agree', async () => {
    const file = new KeyFile();
    await open(file);
    await database.sql`update alert_channels set secret = 'token of ' || id where secret <> ''`;
    const vaults = await Promise.all([open(new KeyFile(file.held)), open(new KeyFile(file.held))]);
    expect(await opened(vaults[0]!)).toEqual(TOKENS);
  });
});
