import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { AuditLog } from '#audit/index.ts';
import { Liveness } from '#nodes/index.ts';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { type Mail, MailError } from '#seams/mailer/index.ts';
import { Assets } from '../console/assets.ts';
import { createHttpApp, type HubApp } from '../http.ts';
import type { Viewer } from '../viewer.ts';
import { AnnouncementMails } from './announcement-mails.ts';
import { announcementRoutes } from './routes.tsx';
import { AnnouncementStore } from './store.ts';

const ADMIN = {
  accountId: '1',
  email: 'root@x.example',
  tier: 'ancient',
  confirmedAt: 0,
  keyScopes: undefined,
} as const;

describe('announcements', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  let app: HubApp;
  let store: AnnouncementStore;
  let viewer: Viewer;
  let sent: Mail[];
  const clock = { time: Date.UTC(2026, 10, 25), now: () => clock.time, after: () => () => undefined };

  beforeAll(async () => {
    database = await openTemporary();
    const { sql } = database;
    store = new AnnouncementStore({ sql, liveness: new Liveness({ clock }), heads: { heads: () => [] } });
    const guarded = announcementRoutes({
      guard: async (c, next) => {
        c.set('viewer', viewer);
        await next();
      },
      store,
      audit: new AuditLog({ sql, clock }),
      clock,
    });
    app = createHttpApp({
      features: [
        guarded,
        {
          mount(hub) {
            hub.get('/any', (c) => {
              c.set('viewer', viewer);
              return c.render('content', { title: 'Any page' });
            });
          },
        },
      ],
      assets: await Assets.load(),
      site: { region: 'eu', network: 'stoa' },
      log: pino({ level: 'silent' }),
      clock,
      secure: false,
    });
    await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
      select lpad(to_hex(i), 64, '0'), 'rack-' || i, 'o' || i % 3 || '@x.example', (array['eu', 'na', 'af'])[1 + i % 3],
        '\\x00', '\\x00', now() from generate_series(1, 9) as i`;
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    viewer = ADMIN;
    sent = [];
    clock.time += 3_600_000;
    await database.sql`truncate announcements, announcement_mails`;
  });

  const post = (path: string, form: Record<string, string>) =>
    app.request(path, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'same-origin', accept: 'text/html' },
      body: new URLSearchParams(form),
    });
  const make = (over: Record<string, string> = {}) =>
    post('/admin/announcements', {
      body: 'Hello',
      level: 'info',
      hours: '1',
      from: '',
      selector: '',
      ...over,
    });
  const seenBy = async (email: string) => {
    viewer = { ...ADMIN, email, tier: email === ADMIN.email ? 'ancient' : 'operator' };
    const html = await (await app.request('/any')).text();
    viewer = ADMIN;
    return html;
  };
  const tick = (send: (mail: Mail) => Promise<void>) =>
    new AnnouncementMails({ store, mailer: { send }, clock, publicUrl: 'https://hub.example' }).tick();

  it('stand above the pages of those whom they concern, while they hold', async () => {
    expect((await make({ body: 'Only in na', selector: 'region:na' })).status).toBe(303);
    expect(await seenBy('o1@x.example')).toContain('Only in na');
    expect(await seenBy('o2@x.example')).not.toContain('announcement is-');
    expect(await seenBy(ADMIN.email)).toContain('Only in na');
    clock.time += 3_600_001;
    expect(await seenBy('o1@x.example')).not.toContain('Only in na');
  });

  it('begin when they should, and end when they are withdrawn', async () => {
    await make({ from: new Date(clock.time + 7_200_000).toISOString().slice(0, 16) });
    expect(await seenBy('o1@x.example')).not.toContain('Hello');
    clock.time += 7_260_000;
    expect(await seenBy('o1@x.example')).toContain('Hello');
    const [row] = await database.sql<{ id: bigint }[]>`select id from announcements`;
    expect((await post(`/admin/announcements/${row!.id}/withdraw`, {})).status).toBe(303);
    clock.time += 60_000;
    expect(await seenBy('o1@x.example')).not.toContain('Hello');
    expect((await post(`/admin/announcements/${row!.id}/withdraw`, {})).status).toBe(404);
  });

  it('go to each owner once, whatever hangs or refuses, and say how far they are', async () => {
    await make({ mailed: 'yes', body: 'Two\nlines' });
    let turns = 0;
    const flaky = async (mail: Mail) => {
      turns += 1;
      if (mail.to === 'o1@x.example') throw new MailError(mail.to, 'no such mailbox', { retry: false });
      if (mail.to === 'o2@x.example' && turns <= 3)
        throw new MailError(mail.to, 'try later', { retry: true });
      sent.push(mail);
    };
    await Promise.all([tick(flaky), tick(flaky)]);
    await tick(flaky);
    expect(sent.map(({ to }) => to)).toEqual(['o0@x.example']);
    clock.time += 61_000;
    await tick(flaky);
    clock.time += 3_600_000;
    await tick(flaky);
    expect(sent.map(({ to }) => to)).toEqual(['o0@x.example', 'o2@x.example']);
    expect(sent[0]!.text).toContain('Two\nlines');
    const page = await (await app.request('/admin/announcements')).text();
    expect(page).toContain('2 of 3 e-mails sent, 1 not');
  });

  it('are not sent again once they are withdrawn, though an attempt was under way', async () => {
    await make({ mailed: 'yes', selector: 'region:na' });
    const [row] = await database.sql<{ id: bigint }[]>`select id from announcements`;
    await tick(async (mail) => {
      await post(`/admin/announcements/${row!.id}/withdraw`, {});
      throw new MailError(mail.to, 'try later', { retry: true });
    });
    clock.time += 3_600_000;
    await tick(async (mail) => void sent.push(mail));
    expect(sent).toEqual([]);
  });

  it('keep the end of the newest attempt, whatever an older one says later', async () => {
    await make({ mailed: 'yes', selector: 'region:na' });
    const slow = Promise.withResolvers<void>();
    const older = tick(() => slow.promise);
    await vi.waitFor(async () =>
      expect(await database.sql`select from announcement_mails where attempts = 1`).toHaveLength(1),
    );
    clock.time += 3 * 60_000;
    await tick(async (mail) => void sent.push(mail));
    slow.reject(new MailError('o1@x.example', 'too late', { retry: true }));
    await older;
    const [mail] =
      await database.sql`select attempts, fault, due_at, sent_at is not null as sent from announcement_mails`;
    expect(mail).toEqual({ attempts: 2, fault: null, due_at: null, sent: true });
  });

  it('are audited, by Ancient admins only', async () => {
    await make();
    const [last] = await database.sql`select act, actor from audit_log order by seq desc limit 1`;
    expect(last).toEqual({ act: 'announcement.make', actor: ADMIN.email });
    viewer = { ...ADMIN, tier: 'modern' };
    expect((await make()).status).toBe(404);
    expect((await app.request('/admin/announcements')).status).toBe(404);
    viewer = ADMIN;
  });

  it('leave markup inert, and keep what was typed where something is wrong', async () => {
    await make({ body: '<script>alert(1)</script>' });
    expect(await seenBy('o1@x.example')).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    const answer = await make({ body: 'Kept <b>', selector: 'region:(' });
    expect(answer.status).toBe(422);
    const html = await answer.text();
    expect(html).toContain('Kept &lt;b&gt;');
    expect(html).toMatch(/id="selector-fault" role="alert">[^<]+/);
  });

  it('take whatever is sent without a fault', async () => {
    const field = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.constantFrom('', 'info', '24', 'yes', 'state:late'),
    );
    const form = fc.record(
      { body: field, level: field, hours: field, from: field, selector: field, mailed: field, other: field },
      { requiredKeys: [] },
    );
    const valid = { body: 'x', level: 'info', hours: '1', from: '', selector: '' };
    await fc.assert(
      fc.asyncProperty(form, fc.boolean(), async (fields, merged) => {
        const given = merged ? { ...valid, ...fields } : fields;
        expect((await post('/admin/announcements', given)).status).toBeLessThan(500);
        expect((await app.request('/any')).status).toBeLessThan(500);
      }),
      { numRuns: 150 },
    );
  });
});
