import { ownerKeyChangeKind, type SigningKey, seal, toBase64Url, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { Hono, type MiddlewareHandler } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { someViewer } from '#accounts/viewer.fixture.ts';
import { AuditLog } from '#audit/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import type { HttpEnv, HubApp } from '../http.ts';
import { toHttpError } from '../http-error.ts';
import { OwnerKeys } from './owner-keys.ts';
import { ownerKeyRoutes } from './routes.tsx';
import { OwnerKeyStore } from './store.ts';

const ANN = 'ann@x.example';
const PATH = '/settings/owner-key';
const key = (n: number): SigningKey => nodeCrypto.signingKey(new Uint8Array(32).fill(n));

describe('owner keys', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let app: HubApp;
  let store: OwnerKeyStore;
  let ageMs = 0;
  let changed: string[] = [];
  const clock = { time: Date.UTC(2026, 10, 25), now: () => clock.time };

  beforeAll(async () => {
    database = await openTemporary();
    store = new OwnerKeyStore(database.sql);
    const audit = new AuditLog({ sql: database.sql, clock });
    const ownerKeys = new OwnerKeys({
      store,
      audit,
      clock,
      region: 'eu',
      crypto: nodeCrypto,
      changed: (owner) => void changed.push(owner),
    });
    const guard: MiddlewareHandler<HttpEnv> = async (c, next) => {
      c.set('viewer', { ...someViewer(ANN, 'operator'), confirmedAt: clock.time - ageMs });
      await next();
    };
    app = new Hono<HttpEnv>();
    app.use(async (c, next) => {
      c.setRenderer((content) => c.html(content));
      await next();
    });
    ownerKeyRoutes({ ownerKeys, guard, clock }).mount(app);
    app.onError((thrown, c) => c.text(toHttpError(thrown).code, toHttpError(thrown).status));
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    ageMs = 0;
    changed = [];
    await database.sql`truncate owner_keys, audit_log cascade`;
  });

  async function post(path: string, fields: Record<string, string>) {
    const answer = await app.request(path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    });
    return answer.status === 303 ? 'done' : `${answer.status} ${await answer.text()}`;
  }
  const first = (n: number) => post(PATH, { publicKey: toHex(key(n).publicKey), madeIn: 'file' });
  const change = (
    n: number,
    by: SigningKey,
    over: Partial<{ owner: string; region: string; serial: number }> = {},
  ) => {
    const body = {
      owner: ANN,
      region: 'eu',
      serial: 2,
      previous: by.publicKey,
      next: key(n).publicKey,
      ...over,
    };
    return post(`${PATH}/change`, { change: toBase64Url(seal(ownerKeyChangeKind, body, by)) });
  };
  const acts = async () =>
    (await database.sql`select act from audit_log order by seq`).map((row) => row['act']);
  const page = async () => (await app.request(PATH)).text();

  it('has a first one by pasting it, and no second that way', async () => {
    expect(await page()).toContain('Your first key');
    expect(await first(1)).toBe('done');
    expect(await page()).toContain(toHex(nodeCrypto.hash(key(1).publicKey)));
    expect(await first(2)).toBe('409 owner_key_set');
    expect(await acts()).toEqual(['ownerkey.set']);
  });

  it('changes by a signature of the one in force, along an unbroken history', async () => {
    await first(1);
    expect(await change(2, key(1))).toBe('done');
    expect(await change(3, key(1), { serial: 3 })).toBe('422 bad_owner_key');
    expect(await change(3, key(2), { serial: 3 })).toBe('done');
    // The first key comes back; the change that followed it once does not.
    expect(await change(1, key(3), { serial: 4 })).toBe('done');
    expect(await change(2, key(1))).toBe('422 bad_owner_key');
    expect(changed).toEqual([ANN, ANN, ANN]);
    expect(
      (await store.history(ANN)).map(({ serial, replacedAt }) => [serial, replacedAt === undefined]),
    ).toEqual([
      [4, true],
      [3, false],
      [2, false],
      [1, false],
    ]);
    expect(await acts()).toEqual(['ownerkey.set', 'ownerkey.change', 'ownerkey.change', 'ownerkey.change']);
  });

  it.each([
    ['of another owner', { owner: 'bob@x.example' }],
    ['of another region', { region: 'na' }],
    ['of another number', { serial: 5 }],
  ])('is not changed by a signature %s', async (_name, over) => {
    await first(1);
    expect(await change(2, key(1), over)).toBe('422 bad_owner_key');
    expect((await store.inForce(ANN))?.serial).toBe(1);
  });

  it('is changed once where two changes race', async () => {
    await first(1);
    const answers = await Promise.all([2, 3, 4].map((n) => change(n, key(1))));
    expect(answers.filter((answer) => answer === 'done')).toHaveLength(1);
    expect(await store.history(ANN)).toHaveLength(2);
  });

  it('takes a fresh proof', async () => {
    ageMs = 6 * 60_000;
    expect([await first(1), await change(2, key(1))]).toEqual(['403 confirm_first', '403 confirm_first']);
  });

  it.each([
    ['', { publicKey: 'xyz', madeIn: 'file' }],
    ['', { publicKey: '', madeIn: 'file' }],
    ['', { publicKey: 'ab'.repeat(32), madeIn: 'usb' }],
    ['/change', { change: 'x' }],
    ['/change', { change: '*'.repeat(200) }],
    ['/change', { change: 'A'.repeat(3_000) }],
  ])('%s %j is told', async (path, fields) => {
    await database.sql`truncate owner_keys`;
    if (path !== '') await first(1);
    expect(await post(PATH + path, fields as Record<string, string>)).toMatch(/^422 .*role="alert"/s);
  });

  it('is no weak one, and a change is no noise', async () => {
    expect(await post(PATH, { publicKey: `01${'00'.repeat(31)}` })).toBe('422 bad_owner_key');
    await first(1);
    expect(await post(`${PATH}/change`, { change: 'A'.repeat(300) })).toBe('422 bad_owner_key');
  });
});
