import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeAccess } from '#accounts/index.ts';
import { AuditLog } from '#audit/index.ts';
import type { HubFacts } from '#fleet/index.ts';
import { createCensus, createOutdatedChainweb, Liveness, parseSelector } from '#nodes/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { loadConfig, settingsInForce } from '../config.ts';
import { Assets } from '../console/assets.ts';
import { createHttpApp, type HubApp } from '../http.ts';
import type { Tier } from '../viewer.ts';
import { adminRoutes } from './routes.tsx';
import { AdminStore } from './store.ts';

const NOW = Date.UTC(2026, 10, 25);
const SECRETS = { DATABASE_URL: 'postgres://hub:hunter2@db.example:5432/stoa?sslpassword=hunter3' };

describe('the admin pages', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let app: HubApp;
  let tier: Tier;
  let backupAt: number | undefined;
  let confirmedAt = 0;
  const clock = { time: NOW, now: () => clock.time, after: () => () => undefined };

  beforeAll(async () => {
    database = await openTemporary();
    const { sql } = database;
    const liveness = new Liveness({ clock });
    const hub: HubFacts = {
      ...{
        version: '0.1.0',
        instanceId: 'hub-1',
        region: 'eu',
        network: 'stoa',
        startedAt: NOW,
        database: 'url',
      },
      ...{ rssBytes: 1, loopLagMs: 1, sessions: 3, framesPerSecond: 0, certificateNotAfter: NOW + 3_600_000 },
      handshakes: { active: 1, waiting: 70, done: 3, refused: 0, throttled: 0 },
      settings: settingsInForce(loadConfig(SECRETS)),
    };
    app = createHttpApp({
      features: [
        adminRoutes({
          guard: async (c, next) => {
            c.set('viewer', {
              accountId: '1',
              email: 'a@x.example',
              tier,
              confirmedAt,
              keyScopes: undefined,
            });
            await next();
          },
          audit: new AuditLog({ sql, clock }),
          outdated: createOutdatedChainweb({ sql, access: new NodeAccess({ sql }), clock, liveness }),
          store: new AdminStore({ sql, liveness }),
          census: createCensus({ sql, access: new NodeAccess({ sql }), clock, liveness }),
          ...{ liveness, clock, hub: () => hub, lastBackup: async () => backupAt, openPages: () => 4 },
        }),
      ],
      assets: await Assets.load(),
      site: { region: 'eu', network: 'stoa' },
      log: pino({ level: 'silent' }),
      clock,
      secure: false,
    });
    await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at, agent_version)
      select lpad(to_hex(i), 64, '0'), 'rack-' || i, 'o@x.example', case when i < 5 then 'eu' else 'far east' end,
        '\\x00', '\\x00', now(), case when i < 7 then '1.4.' || i % 2 end from generate_series(1, 7) as i`;
    await sql`insert into sessions (node_id, instance_id, epoch, session_id, boot_id, ratchet_current, connected_at, version,
        protocol, address, transport, ended_at)
      select node_id, 'hub-1', 1, 's', 'b', '\\x00', ${new Date(NOW)}, '1', 1, '::1', 'websocket',
        case when region <> 'eu' then now() end from nodes`;
  }, 60_000);
  afterAll(() => database.close());

  const get = (path: string, as: Tier) => {
    tier = as;
    return app.request(path, { headers: { accept: 'text/html' } });
  };

  it('count nodes by region, version and state, each number with the selector that finds them', async () => {
    const html = await (await get('/admin/fleet', 'modern')).text();
    const links = [...html.matchAll(/<a href="\/nodes\?q=([^"]+)">(\d+)</g)].map(
      ([, q, count]) => [decodeURIComponent(q!.replaceAll('+', ' ')), Number(count)] as const,
    );
    expect(links).toContainEqual(['state:new region:"far east" version:1.4.0', 1]);
    expect(links).toContainEqual(['region:eu', 4]);
    for (const [text] of links) expect(() => parseSelector(text)).not.toThrow();
    expect(html).toContain('not told yet');
    expect(html).toMatch(/hub-1<\/code> <span class="mark">this one<\/span><\/th><td class="num">4</);
    expect(html).toContain('a storm is under way');
  });

  it('tell settings without their secrets, and what to run where no backup is known', async () => {
    const html = await (await get('/admin/system', 'ancient')).text();
    expect(html).not.toMatch(/hunter|hub:/);
    expect(html).toContain('postgres://…@db.example:5432/stoa');
    expect(html).toContain('stoa-hub backup FILE');
    expect(html).toMatch(/<strong class="warn">60 min/);
    backupAt = NOW - 3 * 86_400_000;
    expect(await (await get('/admin/system', 'ancient')).text()).toMatch(
      /<strong class="warn"><time[^>]*>3 d ago/,
    );
  });

  it('take a required chainweb version from an admin who is there, and lead to the nodes below it', async () => {
    const { sql } = database;
    const post = (path: string, form: Record<string, string> = {}) => {
      tier = 'ancient';
      const headers = { 'sec-fetch-site': 'same-origin', accept: 'text/html' };
      return app.request(path, { method: 'POST', headers, body: new URLSearchParams(form) });
    };
    const wanted = { version: '2.27', by: '2026-12-24' };
    await sql`update nodes set chainweb_version = case when label < 'rack-4' then '2.26.3' when label < 'rack-7' then '2.27.0' end`;
    await sql`update nodes set retired_at = now() where label = 'rack-1'`;
    const unproved = await post('/admin/system/chainweb', wanted);
    expect(unproved.headers.get('location')).toContain('/confirm');
    confirmedAt = NOW;
    for (const wrong of [{ version: 'new' }, { by: '2026-11-01' }, { by: '2026-02-31' }, { by: 'soon' }])
      expect((await post('/admin/system/chainweb', { ...wanted, ...wrong })).status).toBe(422);
    expect((await post('/admin/system/chainweb', wanted)).status).toBe(303);
    clock.time += 60_000;
    expect(await (await get('/admin/system', 'ancient')).text()).toContain('2.27 by 2026-12-24');
    const fleet = await (await get('/admin/fleet', 'modern')).text();
    expect(fleet).toContain('<strong>2</strong> nodes run an older one');
    expect(fleet).toContain('href="/nodes?q=chainweb%3A%3C2.27+-state%3Aretired%2Crefused"');
    expect((await post('/admin/system/chainweb/withdraw')).status).toBe(303);
    clock.time += 60_000;
    expect(await (await get('/admin/fleet', 'modern')).text()).not.toContain('an older one');
    const acts = await sql`select act, subject from audit_log order by seq`;
    expect(acts.map((row) => [row['act'], row['subject']])).toEqual([
      ['chainweb.require', '2.27'],
      ['chainweb.require-none', '2.27'],
    ]);
  });

  it('are not there for who may not see them', async () => {
    expect((await get('/admin/fleet', 'operator')).status).toBe(404);
    expect((await get('/admin/system', 'modern')).status).toBe(404);
  });
});
