import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { AuditLog } from '#audit/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import type { HttpEnv, HubApp } from '../http.ts';
import { toHttpError } from '../http-error.ts';
import type { Tier, Viewer } from '../viewer.ts';
import { ApiKeys } from './api-keys.ts';
import { requireKeyOrViewer, viewerWith } from './guard.ts';
import { apiKeyRoutes } from './routes.tsx';
import { ApiKeyStore } from './store.ts';

const DAY = 24 * 3_600_000;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

describe('API keys', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  const clock = { time: 0, now: () => clock.time };
  const tiers = new Map<string, Tier>();
  let address = '192.0.2.1';

  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    clock.time = Date.UTC(2026, 10, 25, 12, 30);
    address = '192.0.2.1';
    tiers.clear();
    tiers.set('a@x.example', 'operator').set('b@x.example', 'operator');
    await database.sql`truncate api_keys, audit_log cascade`;
  });

  function open() {
    const keys = new ApiKeys({
      store: new ApiKeyStore(database.sql),
      audit: new AuditLog({ sql: database.sql, clock }),
      clock,
      random: randomBytes,
      holderOf: async (email) => {
        const tier = tiers.get(email);
        return tier && { accountId: email, email, tier };
      },
    });
    const person = { viewer: viewerOf('a@x.example', clock.time) };
    const app: HubApp = new Hono<HttpEnv>();
    app.use(async (c, next) => {
      c.setRenderer((content) => c.html(content));
      await next();
    });
    const guard: Parameters<typeof apiKeyRoutes>[0]['guard'] = async (c, next) => {
      c.set('viewer', person.viewer);
      await next();
    };
    apiKeyRoutes({ keys, guard, clock }).mount(app);
    app.use('/api/*', requireKeyOrViewer({ keys, guard, addressOf: () => address }));
    app.get('/api/who', (c) => c.json(c.get('viewer')));
    app.post('/api/nodes', (c) => c.text(`done by ${viewerWith(c, 'nodes:write').email}`));
    app.onError((thrown, c) => c.text(toHttpError(thrown).code, toHttpError(thrown).status));
    const show = (key: string, path = '/api/who', method = 'GET') =>
      app.request(path, { method, headers: { authorization: `Bearer ${key}`, cookie: 'stoa=x' } });
    const post = (path: string, body: string) => app.request(path, { method: 'POST', headers: FORM, body });
    return { keys, app, show, post, person };
  }

  const viewerOf = (email: string, confirmedAt: number): Viewer => ({
    accountId: email,
    email,
    tier: 'operator',
    confirmedAt,
    keyScopes: undefined,
  });
  const make = async ({ keys, person }: ReturnType<typeof open>, days = 30) =>
    (await keys.create(person.viewer, { name: 'ci', scopes: ['nodes:read'], days })).text;

  it('is shown once, stored as a hash, and acts for its owner within its scopes', async () => {
    const hub = open();
    const made = await hub.post(
      '/settings/api-keys',
      'name=ci&scopes=nodes%3Aread&scopes=audit%3Aread&days=30',
    );
    const [key] = /stoa_[0-9a-f]{16}_[\w-]{43}/.exec(await made.text())!;
    expect(await (await hub.app.request('/settings/api-keys')).text()).not.toContain(key);
    const [row] =
      await database.sql`select encode(secret_hash, 'hex') as hash, api_keys::text as text from api_keys`;
    expect(row!['text']).not.toContain(key!.slice(22));
    expect(await (await hub.show(key!)).json()).toEqual({
      accountId: 'a@x.example',
      email: 'a@x.example',
      tier: 'operator',
      confirmedAt: 0,
      keyScopes: ['nodes:read', 'audit:read'],
    });
    const refused = await hub.show(key!, '/api/nodes', 'POST');
    expect([refused.status, await refused.text()]).toEqual([403, 'missing_scope']);
    const audit = await database.sql`select act, owner, detail::text as detail from audit_log`;
    expect(audit).toMatchObject([{ act: 'key.create', owner: 'a@x.example' }]);
    expect(audit[0]!['detail']).not.toContain(key!.slice(22));
  });

  it('that is unknown, wrong, expired, revoked or of nobody is one answer, whatever cookie is beside it', async () => {
    const hub = open();
    const key = await make(hub);
    const revoked = await make(hub);
    await hub.post(`/settings/api-keys/${revoked.slice(5, 21)}/revoke`, '');
    const short = await make(hub, 7);
    clock.time += 7 * DAY;
    const wrong = key.slice(0, -2) + (key.endsWith('AA') ? 'BB' : 'AA');
    const answers = [];
    for (const text of [`stoa_${'0'.repeat(16)}_${'A'.repeat(43)}`, wrong, short, revoked, 'x', 'stoa_']) {
      const answer = await hub.show(text);
      answers.push([answer.status, await answer.text(), answer.headers.get('www-authenticate')]);
    }
    expect((await hub.show(key)).status).toBe(200);
    tiers.delete('a@x.example');
    answers.push([(await hub.show(key)).status, 'bad_key', 'Bearer realm="stoa-hub"']);
    expect(new Set(answers.map(String))).toEqual(new Set(['401,bad_key,Bearer realm="stoa-hub"']));
    const other = await hub.app.request('/api/who', { headers: { authorization: 'Basic YTpi' } });
    expect(other.status).toBe(401);
  });

  it('has the tier that its owner has today', async () => {
    const hub = open();
    const key = await make(hub);
    tiers.set('a@x.example', 'modern');
    expect(await (await hub.show(key)).json()).toMatchObject({ tier: 'modern' });
  });

  it('is not looked at from an address that showed too many bad ones within the minute', async () => {
    const hub = open();
    const key = await make(hub);
    for (let i = 0; i < 20; i += 1) expect((await hub.show('x')).status).toBe(401);
    expect(await (await hub.show(key)).text()).toBe('key_throttled');
    address = '192.0.2.2';
    expect((await hub.show(key)).status).toBe(200);
    address = '192.0.2.1';
    clock.time += 60_000;
    expect((await hub.show(key)).status).toBe(200);
  });

  it('tells when it was last used, to the hour', async () => {
    const hub = open();
    const key = await make(hub);
    await hub.show(key);
    clock.time += 20 * 60_000;
    await hub.show(key);
    expect((await hub.keys.list(hub.person.viewer))[0]!.lastUsedAt).toBe(Date.UTC(2026, 10, 25, 12));
  });

  it('is made and revoked by its owner alone, who proved to be there', async () => {
    const hub = open();
    const id = (await make(hub)).slice(5, 21);
    hub.person.viewer = viewerOf('b@x.example', clock.time);
    expect((await hub.post(`/settings/api-keys/${id}/revoke`, '')).status).toBe(404);
    expect((await hub.post('/settings/api-keys/zz/revoke', '')).status).toBe(404);
    hub.person.viewer = viewerOf('a@x.example', clock.time - 6 * 60_000);
    for (const path of [`/settings/api-keys/${id}/revoke`, '/settings/api-keys'])
      expect(await (await hub.post(path, 'name=x&scopes=nodes%3Aread&days=7')).text()).toBe('confirm_first');
    expect(await database.sql`select act from audit_log`).toHaveLength(1);
  });

  it.each([
    ['scopes=nodes%3Aread&days=30', '1 to 60 characters'],
    ['name=x&days=30', 'Choose at least one'],
    ['name=x&scopes=nodes%3Aread&scopes=root&days=30', 'role="alert"'],
    ['name=x&scopes=nodes%3Aread&days=3650', 'Choose one of the terms'],
    ['name=x%00&scopes=nodes%3Aread&days=30', '1 to 60 characters'],
    ['name=x&name=y&scopes=nodes%3Aread&days=30', 'role="alert"'],
    ['name=x&scopes=nodes%3Aread&days=30&tier=ancient', 'role="alert"'],
    ['name=x&scopes=nodes%3Aread&days=30&__proto__=1', 'role="alert"'],
  ])('with %s is told at the field', async (body, told) => {
    const answer = await open().post('/settings/api-keys', body);
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain(told);
    expect(await database.sql`select 1 from api_keys`).toHaveLength(0);
  });
});
