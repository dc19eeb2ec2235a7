import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NodeAccess } from '#accounts/index.ts';
import { AuditLog } from '#audit/index.ts';
import { Liveness, NodeListing } from '#nodes/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { Assets } from '../console/assets.ts';
import { createHttpApp, type HubApp } from '../http.ts';
import type { Viewer } from '../viewer.ts';
import { Incidents } from './incidents.ts';
import { createPulse } from './pulse.ts';

const PAGE = { accept: 'text/html' };
const id = (n: number) => n.toString(16).padStart(64, '0');

describe('public pages', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let app: HubApp;
  let viewer: Viewer;
  let databaseAway = false;
  let signedIn = false;
  const maintained = new Set<string>();
  const clock = {
    time: Date.UTC(2026, 10, 25),
    now: () => clock.time,
    after: () => () => undefined,
    advance(ms: number) {
      clock.time += ms;
    },
  };
  const liveness = new Liveness({ clock });
  const heads = {
    heads: () => [{ chain: 0, height: 7, hash: 'A'.repeat(43), at: clock.now() - 4_000 }],
    lag: () => [],
  };

  beforeAll(async () => {
    database = await openTemporary();
    const { sql } = database;
    const access = new NodeAccess({ sql });
    const assets = await Assets.load();
    const pulse = createPulse({
      ...{ sql, clock, random: randomBytes, assets, heads, liveness, access },
      site: { region: 'eu', network: 'stoa' },
      regionPlace: undefined,
      isSignedIn: async () => signedIn,
      inMaintenance: async (nodeId) => maintained.has(nodeId),
      database: { check: async () => (databaseAway ? Promise.reject(new Error('away')) : undefined) },
      loopLagMs: () => 1,
      audit: new AuditLog({ sql, clock }),
      listing: new NodeListing({ sql, access, clock, heads }),
      guard: async (c, next) => {
        c.set('viewer', viewer);
        await next();
      },
      publicUrl: 'https://hub.example/',
    });
    app = createHttpApp({
      features: pulse.features,
      assets,
      site: { region: 'eu', network: 'stoa' },
      log: pino({ level: 'silent' }),
      clock,
      secure: true,
    });
  }, 60_000);
  afterAll(() => database.close());

  beforeEach(async () => {
    viewer = {
      accountId: '1',
      email: 'ann@x.example',
      tier: 'operator',
      confirmedAt: 0,
      keyScopes: undefined,
    };
    [databaseAway, signedIn] = [false, false];
    maintained.clear();
    await database.sql`truncate nodes, node_status, node_publicity, hub_incidents, audit_log cascade`;
    // What an earlier test was answered is no longer kept.
    clock.advance(3_600_000);
  });

  async function add(
    n: number,
    over: { region?: string; version?: string; simulated?: boolean; seen?: boolean } = {},
  ) {
    const { sql } = database;
    const { region = 'eu', version = '1.4.2', simulated = false, seen = true } = over;
    const now = new Date(clock.now());
    await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, simulated, created_at, agent_version)
      values (${id(n)}, ${`rack-${n}`}, 'ann@x.example', ${region}, '\\x00', '\\x00', ${simulated}, ${now}, ${version})`;
    if (seen)
      await sql`insert into node_status (node_id, epoch, last_seen, tips, at_tip_at) values (${id(n)}, 1, ${now}, '\\x', ${now})`;
  }
  const text = async (path: string, headers: Record<string, string> = PAGE) =>
    (await app.request(path, { headers })).text();
  const post = (path: string) =>
    app.request(path, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' } });

  it('counts who is connected by region, never the simulated, nor a small group by its number', async () => {
    for (let n = 0; n < 7; n += 1) await add(n);
    for (let n = 10; n < 13; n += 1) await add(n, { region: 'na', version: '1.3.9' });
    for (let n = 20; n < 40; n += 1) await add(n, { region: 'apac', simulated: true });
    await add(50, { region: 'af', seen: false });
    const html = await text('/');
    expect(html).toContain('<strong>7+</strong> nodes connected');
    const regions = [...html.matchAll(/<th scope="row">([^<]*)<\/th>.*?<td class="num">([^<]*)</gs)];
    expect(regions.map(([, name, count]) => [name, count])).toEqual([
      ['eu', '7'],
      ['na', 'under 5'],
      ['1.4.2', '100 %'],
      ['other', 'under 5'],
    ]);
    expect(html).toMatch(/world-region">na<\/tspan> under 5/);
    expect(html).not.toMatch(/x\.example|rack-|apac/);
  });

  it('sends home who is signed in', async () => {
    signedIn = true;
    const answer = await app.request('/', { headers: PAGE });
    expect([answer.status, answer.headers.get('location')]).toEqual([302, '/fleet']);
    expect(answer.headers.get('cache-control')).toBe('private, no-store');
  });

  it('shows a node to strangers from when its owner lists it until the owner takes it off', async () => {
    await add(1);
    expect((await app.request(`/explorer/nodes/${id(1)}`)).status).toBe(404);
    expect((await app.request(`/badge/${id(1)}.svg`)).status).toBe(404);
    expect((await post(`/nodes/${id(1)}/public/list`)).status).toBe(303);
    clock.advance(90_000);
    const page = await text(`/explorer/nodes/${id(1)}`);
    expect(page).toContain('rack-1');
    expect(page).not.toContain('x.example');
    expect(await text('/explorer/nodes')).toContain('rack-1');
    const badge = await app.request(`/badge/${id(1)}.svg`);
    expect(badge.headers.get('content-type')).toContain('image/svg+xml');
    expect(await badge.text()).toContain('aria-label="stoa node: late"');
    maintained.add(id(1));
    expect(await text(`/badge/${id(1)}.svg`)).toContain('aria-label="stoa node: maintenance"');
    await post(`/nodes/${id(1)}/public/unlist`);
    clock.advance(60_000);
    expect((await app.request(`/explorer/nodes/${id(1)}`)).status).toBe(404);
    const acts = await database.sql`select act from audit_log order by seq`;
    expect(acts.map(({ act }) => act)).toEqual(['node.list', 'node.unlist']);
  });

  it("opens a private node's badge by its token only, until that is changed or ended", async () => {
    await add(1);
    const token = async () => {
      const html = await (await post(`/nodes/${id(1)}/public/badge`)).text();
      clock.advance(60_000);
      return /token=([\w-]{22})/.exec(html)![1]!;
    };
    const status = async (query: string) => (await app.request(`/badge/${id(1)}.svg${query}`)).status;
    const first = await token();
    expect([await status(''), await status('?token=x'), await status(`?token=${first}`)]).toEqual([
      404, 404, 200,
    ]);
    const second = await token();
    expect([await status(`?token=${first}`), await status(`?token=${second}`)]).toEqual([404, 200]);
    await post(`/nodes/${id(1)}/public/badge/end`);
    clock.advance(60_000);
    expect(await status(`?token=${second}`)).toBe(404);
    expect(await text(`/nodes/${id(1)}/public`)).not.toContain(second);
  });

  it('ends what an owner allowed when the node has another one', async () => {
    await add(1);
    await post(`/nodes/${id(1)}/public/list`);
    const made = await (await post(`/nodes/${id(1)}/public/badge`)).text();
    const token = /token=([\w-]{22})/.exec(made)![1]!;
    clock.advance(60_000);
    const status = async (path: string) => (await app.request(path)).status;
    const badge = `/badge/${id(1)}.svg?token=${token}`;
    expect([await status(`/explorer/nodes/${id(1)}`), await status(badge)]).toEqual([200, 200]);
    await database.sql`update nodes set owner = 'bob@x.example'`;
    clock.advance(60_000);
    expect([await status(`/explorer/nodes/${id(1)}`), await status(badge)]).toEqual([404, 404]);
    viewer = { ...viewer, email: 'bob@x.example' };
    await post(`/nodes/${id(1)}/public/badge`);
    clock.advance(60_000);
    expect([await status(`/explorer/nodes/${id(1)}`), await status(badge)]).toEqual([404, 404]);
  });

  it('lets nobody but the owner change what is public', async () => {
    await add(1);
    await database.sql`insert into node_shares (node_id, email, role, shared_by, shared_at)
      values (${id(1)}, 'bob@x.example', 'operator', 'ann@x.example', now())`;
    viewer = { ...viewer, email: 'bob@x.example' };
    expect(await text(`/nodes/${id(1)}/public`)).toMatch(/<button type="submit" class="quiet" disabled/);
    expect((await post(`/nodes/${id(1)}/public/list`)).status).toBe(404);
    viewer = { ...viewer, email: 'eve@x.example' };
    expect((await app.request(`/nodes/${id(1)}/public`)).status).toBe(404);
    expect((await post(`/nodes/${id(1)}/public/badge`)).status).toBe(404);
    expect(await database.sql`select from node_publicity`).toHaveLength(0);
  });

  it('pages through the explorer', async () => {
    for (let n = 100; n < 160; n += 1) await add(n);
    await database.sql`insert into node_publicity (node_id, owner, listed, changed_by, changed_at)
      select node_id, owner, true, 'ann@x.example', now() from nodes`;
    const first = await text('/explorer/nodes');
    const next = /rel="next" href="([^"]+)"/.exec(first)![1]!;
    const second = await text(next);
    const labels = (html: string) => [...html.matchAll(/>(rack-\d+)</g)].map(([, label]) => label);
    expect([labels(first).length, labels(second)]).toEqual([
      50,
      Array.from({ length: 10 }, (_, i) => `rack-${150 + i}`),
    ]);
  });

  it('says what works, by page and by JSON, even where the database is away', async () => {
    expect(await text('/status')).toContain('Everything works');
    databaseAway = true;
    clock.advance(120_000);
    const answer = await app.request('/status');
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      status: 'down',
      components: [
        { name: 'hub', status: 'ok' },
        { name: 'database', status: 'down' },
        { name: 'chain heads' },
      ],
      agents: { connected: 0 },
      lastIncident: null,
    });
  });

  it('keeps one open incident of a kind, from its beginning to its end', async () => {
    let age = 0;
    const ageing = { ...heads, heads: () => [{ chain: 0, height: 7, hash: 'A', at: clock.now() - age }] };
    const watch = () => new Incidents({ sql: database.sql, clock, heads: ageing, liveness });
    await watch().tick();
    expect(await watch().last()).toBeUndefined();
    age = 301_000;
    const startedAt = clock.now();
    await watch().tick();
    clock.advance(15_000);
    await watch().tick();
    expect(await watch().last()).toEqual({ kind: 'heads', startedAt, endedAt: undefined });
    age = 0;
    clock.advance(15_000);
    await watch().tick();
    expect(await watch().last()).toEqual({ kind: 'heads', startedAt, endedAt: clock.now() });
    expect(await database.sql`select from hub_incidents`).toHaveLength(1);
  });

  it('answers whatever is asked without a fault', async () => {
    await add(1);
    const part = fc.oneof(
      fc.webPath(),
      fc.string({ unit: 'binary', maxLength: 80 }).map(encodeURIComponent),
      fc.constant(id(1)),
      fc.constantFrom('%00', '%', '..', '%2e%2e'),
    );
    const paths = fc.oneof(
      part.map((text) => `/badge/${text}.svg`),
      part.map((text) => `/badge/${text}`),
      part.map((text) => `/explorer/nodes/${text}`),
      part.map((text) => `/explorer/nodes?after=${text}`),
      fc.base64String({ maxLength: 200 }).map((text) => `/explorer/nodes?after=${encodeURIComponent(text)}`),
      part.map((text) => `/badge/${id(1)}.svg?token=${text}`),
      part.map((text) => `/status?${text}`),
      part.map((text) => `/?${text}`),
    );
    await fc.assert(
      fc.asyncProperty(paths, fc.string({ maxLength: 30 }), async (path, accept) => {
        const headers = { accept: accept.replaceAll(/[^\x20-\x7e]/g, '') };
        const answer = await app.request(
          new Request(`http://hub.example${path.replaceAll('#', '')}`, { headers }),
        );
        expect(answer.status, path).toBeLessThan(500);
      }),
      { numRuns: 300 },
    );
  });
});
