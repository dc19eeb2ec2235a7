import { randomBytes } from 'node:crypto';
import { Hono } from 'hono';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { scopedPath } from '../console/scope.ts';
import type { HttpEnv, HubApp } from '../http.ts';
import { toHttpError } from '../http-error.ts';
import { Accounts } from './accounts.ts';
import { accountRoutes, localPath } from './routes.tsx';
import { AccountStore } from './store.ts';

const DAY = 24 * 3_600_000;
const PAGE = { accept: 'text/html' };

describe('Accounts', { timeout: 60_000 }, () => {
  let database: DbAdapter;
  const clock = { time: 0, now: () => clock.time };

  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    clock.time = Date.UTC(2026, 10, 25);
    await database.sql`truncate admin_links, console_sessions`;
  });

  function open(publicUrl = 'http://hub.example') {
    const accounts = new Accounts({
      store: new AccountStore(database.sql),
      clock,
      random: randomBytes,
      publicUrl,
    });
    const app: HubApp = new Hono<HttpEnv>({ getPath: scopedPath });
    app.use(async (c, next) => {
      c.setRenderer((content) => c.html(content));
      await next();
    });
    accountRoutes(accounts).mount(app);
    app.get('/private', accounts.requireViewer, (c) => c.text(c.get('viewer')?.email ?? 'nobody'));
    app.onError((thrown, c) => c.text(toHttpError(thrown).code, toHttpError(thrown).status));
    const signIn = async (link: string, next = '') =>
      app.request('/sign-in', {
        method: 'POST',
        body: new URLSearchParams({ link: link.split('/').at(-1)!, next }),
      });
    const visit = (cookie: string) => app.request('/private', { headers: { cookie } });
    return { accounts, app, signIn, visit };
  }

  const cookieOf = (answer: Response) => answer.headers.get('set-cookie')!.split(';')[0]!;

  it('makes a first link, and no more once somebody has signed in', async () => {
    const { accounts, signIn } = open();
    const first = await accounts.firstLoginLink();
    const second = await accounts.firstLoginLink({ publicUrl: 'https://other.example' });
    expect(first).toMatch(/^http:\/\/hub\.example\/sign-in\/[\w-]{43}$/);
    expect(second).toMatch(/^https:\/\/other\.example\/sign-in\/[\w-]{43}$/);
    expect((await signIn(first!)).headers.get('location')).toBe('/sign-in?failed');
    expect((await signIn(second!)).headers.get('location')).toBe('/fleet');
    expect(await accounts.firstLoginLink()).toBeUndefined();
  });

  it('keeps only hashes of links and sessions', async () => {
    const { accounts, signIn } = open();
    const link = (await accounts.firstLoginLink())!;
    const cookie = cookieOf(await signIn(link));
    const rows =
      await database.sql`select link_hash::text as hash from admin_links union all select session_hash::text from console_sessions`;
    expect(rows).toHaveLength(2);
    const stored = rows.map((row) => Buffer.from(String(row['hash']).slice(2), 'hex').toString('base64url'));
    expect(stored.some((hash) => link.includes(hash) || cookie.includes(hash))).toBe(false);
  });

  it('lets a link be looked at, and used once', async () => {
    const { accounts, app, signIn, visit } = open();
    const link = await accounts.createLoginLink('a@stoa.example');
    for (let i = 0; i < 3; i += 1) expect((await app.request(link, { headers: PAGE })).status).toBe(200);
    const answers = await Promise.all(Array.from({ length: 5 }, () => signIn(link)));
    const [won, ...others] = answers.sort((a) => (a.headers.has('set-cookie') ? -1 : 1));
    expect(await (await visit(cookieOf(won!))).text()).toBe('a@stoa.example');
    expect(others.every((answer) => answer.headers.get('location') === '/sign-in?failed')).toBe(true);
  });

  it('lets a link die after a day', async () => {
    const { accounts, signIn } = open();
    const link = await accounts.createLoginLink('a@stoa.example');
    clock.time += DAY;
    expect((await signIn(link)).headers.get('location')).toBe('/sign-in?failed');
  });

  it.each(['', 'x', 'A'.repeat(43), '../../etc', '%00'])('takes no %s for a link', async (text) => {
    expect((await open().signIn(text)).headers.get('location')).toBe('/sign-in?failed');
  });

  it('gives a session of its own, whatever cookie came along', async () => {
    const { accounts, app, signIn } = open();
    const first = cookieOf(await signIn(await accounts.createLoginLink('a@stoa.example')));
    const link = await accounts.createLoginLink('b@stoa.example');
    const answer = await app.request('/sign-in', {
      method: 'POST',
      headers: { cookie: first },
      body: new URLSearchParams({ link: link.split('/').at(-1)! }),
    });
    expect(cookieOf(answer)).not.toBe(first);
  });

  it('sets a cookie that scripts, other sites and, over https, other hosts cannot touch', async () => {
    for (const [url, expected] of [
      ['http://hub.example', /^stoa=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/],
      [
        'https://hub.example',
        /^__Host-stoa=[\w-]{43}; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ],
    ] as const) {
      const { accounts, signIn } = open(url);
      const answer = await signIn(await accounts.createLoginLink('a@stoa.example'));
      expect(answer.headers.get('set-cookie')).toMatch(expected);
    }
  });

  it('slides for 30 days from the last visit, and then ends', async () => {
    const { accounts, signIn, visit } = open();
    const cookie = cookieOf(await signIn(await accounts.createLoginLink('a@stoa.example')));
    expect((await visit(cookie)).headers.has('set-cookie')).toBe(false);
    clock.time += 29 * DAY;
    const slid = await visit(cookie);
    expect([slid.status, slid.headers.get('set-cookie')?.startsWith(cookie)]).toEqual([200, true]);
    clock.time += 29 * DAY;
    expect((await visit(cookie)).status).toBe(200);
    clock.time += 30 * DAY;
    expect((await visit(cookie)).status).toBe(401);
  });

  it('ends with signing out, here at once and elsewhere within seconds', async () => {
    const here = open();
    const elsewhere = open();
    const cookie = cookieOf(await here.signIn(await here.accounts.createLoginLink('a@stoa.example')));
    expect([(await here.visit(cookie)).status, (await elsewhere.visit(cookie)).status]).toEqual([200, 200]);
    await here.app.request('/sign-out', { method: 'POST', headers: { cookie } });
    expect((await here.visit(cookie)).status).toBe(401);
    clock.time += 5_000;
    expect((await elsewhere.visit(cookie)).status).toBe(401);
  });

  it('names who is in scope in the address of pages, and knows no other', async () => {
    const { accounts, app, signIn } = open();
    const cookie = cookieOf(await signIn(await accounts.createLoginLink('a@stoa.example')));
    const get = (path: string, headers: Record<string, string> = PAGE) =>
      app.request(path, { headers: { cookie, ...headers } });
    expect((await get('/private?x=1')).headers.get('location')).toBe('/o/a@stoa.example/private?x=1');
    expect((await get('/private', {})).status).toBe(200);
    expect((await get('/o/a@stoa.example/private')).status).toBe(200);
    expect((await get('/o/b@stoa.example/private')).status).toBe(404);
  });

  it('sends pages to the sign-in page and back, and answers 401 to all else', async () => {
    const { app } = open();
    const page = await app.request('/private?x=1', { headers: PAGE });
    expect(page.headers.get('location')).toBe('/sign-in?next=%2Fprivate%3Fx%3D1');
    for (const request of [{}, { headers: { ...PAGE, 'hx-request': 'true' } }])
      expect((await app.request('/private', request)).status).toBe(401);
  });
});

describe('localPath', () => {
  it.each([
    ['/nodes?state=offline', '/nodes?state=offline'],
    ['/nodes#x', '/nodes'],
    ['/o/b@x.example/nodes?q=1', '/nodes?q=1'],
    ['/o/b@x.example//evil.example', '/fleet'],
    ['/o/x/o/y/nodes', '/o/y/nodes'],
    [undefined, '/fleet'],
    ['', '/fleet'],
    ['nodes', '/fleet'],
    ['//evil.example', '/fleet'],
    ['/\\evil.example', '/fleet'],
    ['/.//evil.example', '/fleet'],
    ['/..//evil.example/x', '/fleet'],
    ['https://evil.example', '/fleet'],
    ['javascript:alert(1)', '/fleet'],
    ['/%0d%0aset-cookie:x', '/%0d%0aset-cookie:x'],
    ['/\r\nlocation:x', '/location:x'],
  ])('makes of %j the path %j', (wanted, path) => {
    expect(localPath(wanted)).toBe(path);
  });
});
