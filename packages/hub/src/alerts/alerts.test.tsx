import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import type { MiddlewareHandler } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { NodeAccess } from '#accounts/index.ts';
import { someViewer } from '#accounts/viewer.fixture.ts';
import { AuditLog } from '#audit/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { createSmtpMailer } from '#seams/mailer/index.ts';
import { Assets } from '../console/assets.ts';
import { AllowedAddresses } from '../egress-addresses.ts';
import { createHttpApp, type HttpEnv, type HubApp } from '../http.ts';
import { createLog } from '../log.ts';
import type { Task } from '../ticker.ts';
import { Vault } from '../vault/index.ts';
import type { Tier } from '../viewer.ts';
import { AlertWorld, MINUTE, START } from './evaluator.fixture.ts';
import { type Alerts, type AlertsDeps, createAlerts } from './index.ts';
import { startHttp, startSmtp } from './receivers.fixture.ts';

const [ANN, BOB, ADA] = ['ann@x.example', 'bob@x.example', 'ada@x.example'] as const;
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const CHANNELS = '/alerts/channels';

/** Real servers answer when the machine lets them. */
const soon = (check: () => void | Promise<void>): Promise<void> => vi.waitFor(check, { timeout: 20_000 });

describe('alerts, as people meet them', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let world: AlertWorld;
  const vault = new Vault({ keys: [randomBytes(32)], random: randomBytes });
  let assets: Assets;
  let asking: { email: string; tier: Tier; ageMs: number };
  beforeAll(async () => {
    database = await openTemporary();
    assets = await Assets.load();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    world = await AlertWorld.start(database.sql);
    await database.sql`truncate audit_log cascade`;
  });

  function open(
    over: Partial<AlertsDeps> & { smtp?: string } = {},
  ): Alerts & { app: HubApp; tick: (name: string) => Promise<void> } {
    const { sql, clock, liveness } = world;
    const log = createLog({ level: 'silent' });
    const guard: MiddlewareHandler<HttpEnv> = async (c, next) => {
      c.set('viewer', { ...someViewer(asking.email, asking.tier), confirmedAt: clock.time - asking.ageMs });
      await next();
    };
    const alerts = createAlerts({
      payoutMissing: (sql) => sql`false`,
      disputed: (sql) => sql`false`,
      ...{ vault, sql, clock, liveness, log, random: randomBytes, guard, publicUrl: 'https://hub.example' },
      ...{ access: new NodeAccess({ sql }), audit: new AuditLog({ sql, clock }), heads: { heads: () => [] } },
      ...{
        instanceId: 'hub-1',
        admins: async () => [ADA],
        mass: () => undefined,
        expiries: () => [],
        endingKeys: async () => [],
        haltedRollouts: async () => [],
      },
      mailer: createSmtpMailer({ url: over.smtp ?? 'smtp://127.0.0.1:1', from: 'hub@x.example' }),
      ...{
        egressAllow: new AllowedAddresses(['127.0.0.0/8']),
        deadManUrl: undefined,
        healthy: async () => undefined,
        ...over,
      },
    });
    const app = createHttpApp({
      ...{ features: [alerts.routes], assets, log, clock, secure: true },
      site: { region: 'eu', network: 'stoa' },
    });
    const byName = new Map(alerts.tasks.map((task): [string, Task] => [task.name, task]));
    return { ...alerts, app, tick: async (name) => await byName.get(name)!.tick() };
  }

  const as = (app: HubApp, email: string, { tier = 'operator' as Tier, ageMs = 0 } = {}) => ({
    get: async (path: string) => {
      asking = { email, tier, ageMs };
      const answer = await app.request(path, { headers: { accept: 'text/html' } });
      return { status: answer.status, html: await answer.text() };
    },
    post: async (path: string, fields: Record<string, string> = {}) => {
      asking = { email, tier, ageMs };
      const body = new URLSearchParams(fields).toString();
      const answer = await app.request(path, {
        method: 'POST',
        headers: { ...FORM, accept: 'text/html' },
        body,
      });
      return { status: answer.status, html: await answer.text() };
    },
  });

  const acts = async () =>
    (await database.sql`select act from audit_log order by seq`).map((row) => String(row['act']));

  async function oneLost(alerts: ReturnType<typeof open>) {
    const [lost] = await world.addNodes(1, { owner: ANN, prefix: '<b>lost</b>' });
    await world.addNodes(1, { owner: BOB, prefix: 'bobs' });
    await alerts.tick('alert-evaluator');
    await database.sql`update nodes set disputed_at = ${new Date(START)}`;
    world.clock.time += MINUTE;
    await alerts.tick('alert-evaluator');
    return lost!;
  }

  it('shows each what concerns him, with rule, evidence and what would change it; stored markup is inert', async () => {
    const alerts = open();
    await oneLost(alerts);
    const { html } = await as(alerts.app, ANN).get('/alerts');
    expect(html).toContain('&lt;b&gt;lost&lt;/b&gt;-0');
    expect(html).not.toContain('<b>lost');
    expect(html).not.toContain('bobs');
    expect(html).toContain('Two living processes call with the identity of this node');
    expect(html).toContain('Live clone seen');
    expect(html).toContain('Stop one of them');
    expect(html).toMatch(/class="bell is-ringing"[^>]*title="1 open alert"/);
    const all = await as(alerts.app, ADA, { tier: 'ancient' }).get('/alerts?rule=clone&text=BOBS');
    expect([all.html.includes('bobs-0'), all.html.includes('&lt;b&gt;lost')]).toEqual([true, false]);
    expect((await as(alerts.app, ANN).get('/alerts/history')).html).toContain('Fired');
    expect(await alerts.openCount(someViewer(BOB, 'operator'))).toBe(1);
  });

  it('lets a colleague see the alerts of what is shared with him', async () => {
    const alerts = open();
    const lost = await oneLost(alerts);
    await database.sql`insert into node_shares (node_id, email, role, shared_by, shared_at)
      values (${lost}, ${BOB}, 'viewer', ${ANN}, now())`;
    expect((await as(alerts.app, BOB).get('/alerts')).html).toContain('&lt;b&gt;lost');
    const muting = { node: lost, rule: 'clone', hours: '1' };
    expect((await as(alerts.app, BOB).post('/alerts/mute', muting)).status).toBe(404);
    await database.sql`update node_shares set role = 'operator'`;
    expect((await as(alerts.app, BOB).post('/alerts/mute', muting)).status).toBe(303);
    expect(await database.sql`select owner, created_by from alert_silences`).toEqual([
      { owner: ANN, created_by: BOB },
    ]);
  });

  it('changes rules, says what is wrong with a delay or a selector, and keeps what was typed', async () => {
    const { app } = open();
    const ann = as(app, ANN);
    expect(
      (await ann.post('/alerts/rules/offline', { enabled: 'on', minutes: '15', selector: '-tag:lab' }))
        .status,
    ).toBe(303);
    const kept = await ann.get('/alerts/rules');
    expect(kept.html).toContain('value="-tag:lab"');
    expect(kept.html).toContain('changed by you');
    const wrong = await ann.post('/alerts/rules/offline', {
      enabled: 'on',
      minutes: '1',
      selector: 'state:blue',
    });
    expect([wrong.status, wrong.html.includes('value="state:blue"')]).toEqual([422, true]);
    expect(wrong.html).toContain('whole minutes, 3 to 10080');
    expect(wrong.html).toContain('Column ');
    expect((await ann.post('/alerts/rules/nonsense', {})).status).toBe(404);
    expect((await ann.post('/alerts/rules/offline/reset')).status).toBe(303);
    expect(await database.sql`select 1 from alert_rules`).toHaveLength(0);
    expect(await acts()).toEqual(['alert-rule.set', 'alert-rule.set']);
  });

  it('adds, tests and removes channels; a key is shown once, a token never', async () => {
    await using http = await startHttp();
    const alerts = open();
    const ann = as(alerts.app, ANN);
    expect((await ann.get(CHANNELS)).html).toContain('E-mail of the account');
    const made = await ann.post(CHANNELS, { kind: 'webhook', url: 'https://hooks.example.org/x' });
    const [key] = /<code>([\w-]{43})<\/code>/.exec(made.html)?.slice(1) ?? [];
    expect([made.status, key]).toEqual([200, expect.any(String)]);
    const token = `123456:${'x'.repeat(35)}`;
    expect((await ann.post(CHANNELS, { kind: 'telegram', token, chat: '-1001' })).status).toBe(303);
    const shown = (await ann.get(CHANNELS)).html + (await ann.get('/alerts/deliveries')).html;
    const stored = JSON.stringify(await database.sql`select c::text as row from alert_channels c`);
    for (const text of [shown, stored])
      expect([text.includes(key!), text.includes(token)]).toEqual([false, false]);
    expect(JSON.stringify(await database.sql`select detail from audit_log`)).not.toContain('xxxx');
    await database.sql`update alert_channels set target = ${http.url} where kind = 'webhook'`;
    const [id] = (await database.sql`select id from alert_channels where kind = 'webhook'`).map((row) =>
      String(row['id']),
    );
    expect((await as(alerts.app, BOB).post(`${CHANNELS}/${id}/test`)).status).toBe(404);
    expect((await ann.post(`${CHANNELS}/${id}/test`)).status).toBe(303);
    await alerts.tick('alert-dispatcher');
    await soon(async () => expect((await ann.get('/alerts/deliveries')).html).toContain('delivered'));
    expect(JSON.parse(http.received[0]!.body).kind).toBe('test');
    expect((await ann.post(`${CHANNELS}/${id}/remove`)).status).toBe(303);
    expect(await database.sql`select secret, enabled from alert_channels where id = ${id!}`).toEqual([
      { secret: '', enabled: false },
    ]);
  });

  it('sends another address a code first, and nothing else until it is typed', async () => {
    await using smtp = await startSmtp();
    const alerts = open({ smtp: smtp.url });
    const ann = as(alerts.app, ANN);
    await ann.post(CHANNELS, { kind: 'email', address: 'Ops@X.example' });
    const [id] = (await database.sql`select id from alert_channels where target = 'ops@x.example'`).map(
      (row) => String(row['id']),
    );
    expect((await ann.post(`${CHANNELS}/${id}/test`)).status).toBe(409);
    await alerts.tick('alert-dispatcher');
    await soon(() => expect(smtp.mails).toHaveLength(1));
    const [, code] = /^(\d{8})\r?$/m.exec(smtp.mails[0]!)!;
    const wrong = await ann.post(`${CHANNELS}/${id}/confirm`, {
      code: code === '00000000' ? '1' : '00000000',
    });
    expect([wrong.status, wrong.html.includes('not the code')]).toEqual([422, true]);
    expect((await ann.post(`${CHANNELS}/${id}/confirm`, { code: code! })).status).toBe(303);
    expect((await ann.post(`${CHANNELS}/${id}/test`)).status).toBe(303);
    for (let tries = 0; tries < 5; tries += 1)
      await ann.post(`${CHANNELS}/${id}/confirm`, { code: '99999999' });
    expect((await ann.post(`${CHANNELS}/${id}/confirm`, { code: '99999999' })).status).toBe(429);
  });

  it('asks for a fresh proof before secrets come or go', async () => {
    const { app } = open();
    const stale = as(app, ANN, { ageMs: 6 * MINUTE });
    const asked = { kind: 'webhook', url: 'https://hooks.example.org/' };
    expect((await stale.post(CHANNELS, asked)).status).toBe(303);
    expect(await database.sql`select 1 from alert_channels where kind = 'webhook'`).toHaveLength(0);
    expect(await acts()).toEqual([]);
  });

  it.each([
    'http://127.0.0.1/',
    'https://[::1]/x',
    'http://169.254.169.254/',
    'https://localhost/',
    'http://2130706433/',
    'ftp://x.example/',
    'javascript:alert(1)',
    'https://user:pass@x.example/',
    '',
    'x',
  ])('takes no webhook to %j', async (url) => {
    const { app } = open({ egressAllow: new AllowedAddresses([]) });
    expect((await as(app, ANN).post(CHANNELS, { kind: 'webhook', url })).status).toBe(422);
  });

  it('takes a webhook to an address that the settings allow', async () => {
    const { app } = open({ egressAllow: new AllowedAddresses(['10.0.0.0/8']) });
    const made = async (url: string) => (await as(app, ANN).post(CHANNELS, { kind: 'webhook', url })).status;
    expect([await made('http://10.1.2.3/hook'), await made('http://127.0.0.1/hook')]).toEqual([200, 422]);
  });

  it('plans maintenance, tells badges of it, and ends it early', async () => {
    const alerts = open();
    const [node] = await world.addNodes(1, { owner: ANN, prefix: 'rack' });
    const [other] = await world.addNodes(1, { owner: BOB, prefix: 'rack' });
    const ann = as(alerts.app, ANN);
    const plan = {
      kind: 'maintenance',
      selector: 'rack',
      rule: '',
      from: '',
      hours: '4',
      reason: 'new disks',
    };
    expect((await ann.post('/alerts/maintenance', plan)).status).toBe(303);
    expect(await alerts.inMaintenance(node!, START + MINUTE)).toEqual({
      from: START,
      until: START + 240 * MINUTE,
      reason: 'new disks',
    });
    expect(await alerts.inMaintenance(node!, START + 240 * MINUTE)).toBeUndefined();
    expect(await alerts.inMaintenance(other!, START + MINUTE)).toBeUndefined();
    expect((await ann.get('/alerts/maintenance')).html).toContain('new disks');
    expect((await ann.post('/alerts/maintenance', { ...plan, who: 'region' })).status).toBe(404);
    expect(
      (
        await as(alerts.app, ADA, { tier: 'ancient' }).post('/alerts/maintenance', {
          ...plan,
          selector: '',
          who: 'region',
        })
      ).status,
    ).toBe(303);
    expect(await alerts.inMaintenance(other!, START + MINUTE)).toBeDefined();
    const over = await ann.post('/alerts/maintenance', { ...plan, from: '2020-01-01T00:00' });
    expect([over.status, over.html.includes('over already')]).toEqual([422, true]);
    const [id] = (await database.sql`select id from alert_silences where owner = ${ANN}`).map((row) =>
      String(row['id']),
    );
    expect((await as(alerts.app, BOB).post(`/alerts/silences/${id}/cancel`)).status).toBe(404);
    expect((await ann.post(`/alerts/silences/${id}/cancel`)).status).toBe(303);
    expect((await database.sql`select 1 from alert_silences where cancelled_at is null`).length).toBe(1);
    expect(await acts()).toEqual(['maintenance.add', 'maintenance.add', 'maintenance.cancel']);
  });

  it('tells at once, when a mute is ended early, what it held back', async () => {
    const alerts = open();
    const [node] = await world.addNodes(1, { owner: ANN });
    await alerts.tick('alert-evaluator');
    const ann = as(alerts.app, ANN);
    await ann.post('/alerts/mute', { node: node!, rule: 'offline', hours: '24' });
    await world.pass(6, { tick: () => alerts.tick('alert-evaluator') } as never);
    expect(await world.tale()).toEqual([]);
    const [id] = (await database.sql`select id from alert_silences`).map((row) => String(row['id']));
    await ann.post(`/alerts/silences/${id}/cancel`);
    world.clock.time += 10_000;
    await alerts.tick('alert-evaluator');
    expect(await world.told()).toHaveLength(1);
  });

  it('answers any form with a status below 500, and no field with a fault of the hub', async () => {
    const { app } = open();
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.constantFrom(
        '',
        '\0',
        '-1',
        '9'.repeat(400),
        "' or 1=1 --",
        '<script>',
        '((((',
        'state:',
        '2026-99-99T99:99',
        '\u202e',
      ),
    );
    const field = fc.constantFrom(
      ...[
        'kind',
        'enabled',
        'minutes',
        'selector',
        'address',
        'url',
        'token',
        'chat',
        'discord',
        'code',
        'who',
        'rule',
      ],
      ...['from', 'hours', 'reason', 'node'],
    );
    const likely = fc.constantFrom(
      'on',
      'email',
      'webhook',
      'telegram',
      'discord',
      'mute',
      'maintenance',
      'mine',
      'region',
      'offline',
      '4',
      '15',
    );
    const paths = [
      '/alerts/rules/offline',
      CHANNELS,
      `${CHANNELS}/x/confirm`,
      `${CHANNELS}/%00/test`,
      '/alerts/maintenance',
      '/alerts/mute',
      '/alerts/silences/%00/cancel',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.dictionary(field, fc.oneof(text, likely)),
        async (path, fields) => {
          const { status } = await as(app, ANN, { tier: 'ancient' }).post(path, fields);
          expect(status, path).toBeLessThan(500);
        },
      ),
      { numRuns: 300 },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('/alerts', '/alerts/history', '/alerts/deliveries'),
        fc.dictionary(fc.constantFrom('rule', 'text', 'before'), text),
        async (path, query) => {
          const { status } = await as(app, ANN).get(`${path}?${new URLSearchParams(query)}`);
          expect(status, path).toBeLessThan(500);
        },
      ),
      { numRuns: 100 },
    );
  });
});
