import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DbAdapter } from '#seams/db-adapter/index.ts';
import { openTemporary } from '#seams/db-adapter/temporary.ts';
import { localPath } from './local-path.ts';
import { openAccounts, PAGE } from './visitor.fixture.ts';

const DAY = 24 * 3_600_000;

describe('Accounts', { timeout: 60_000 }, () => {
  let database: DbAdapter;

  beforeAll(async () => {
    database = await openTemporary();
  }, 60_000);
  afterAll(() => database.close());
  beforeEach(async () => {
    await database.sql`truncate admin_links, users, auth_rate_limits cascade`;
  });

  it('makes a first link, and no more once somebody has signed in', async () => {
    const { accounts, visitor } = await openAccounts(database);
    const first = await accounts.firstLoginLink();
    const second = await accounts.firstLoginLink({ publicUrl: 'https://other.example' });
    expect(first).toMatch(/^http:\/\/hub\.example\/sign-in\/[\w-]{43}$/);
    expect(second).toMatch(/^https:\/\/other\.example\/sign-in\/[\w-]{43}$/);
    const admin = visitor();
    expect((await admin.followLink(first!)).headers.get('location')).toBe('/sign-in?told=failed&add');
    expect((await admin.followLink(second!)).headers.get('location')).toBe('/fleet');
    expect(await admin.who()).toMatchObject({ email: 'admin@stoa.local', tier: 'ancient' });
    expect(await accounts.firstLoginLink()).toBeUndefined();
  });

  it('keeps only hashes of links and sessions', async () => {
    const { accounts, visitor } = await openAccounts(database);
    const link = (await accounts.firstLoginLink())!;
    const admin = visitor();
    await admin.followLink(link);
    const tables = await database.sql<{ name: string }[]>`
      select table_name as name from information_schema.tables where table_schema = 'public'`;
    const dump = await Promise.all(
      tables.map(({ name }) => database.sql`select t::text as row from ${database.sql(name)} t`),
    );
    const text = JSON.stringify(dump);
    for (const [name, cookie] of admin.cookies) {
      const token = decodeURIComponent(cookie).split('.')[0]!;
      expect(token.length, name).toBeGreaterThanOrEqual(32);
      expect(text.includes(token), name).toBe(false);
    }
    expect(text.includes(link.split('/').at(-1)!)).toBe(false);
  });

  it('lets a link be looked at, and used once', async () => {
    const { accounts, visitor } = await openAccounts(database);
    const link = await accounts.createLoginLink('a@stoa.example');
    const scanner = visitor();
    for (let i = 0; i < 3; i += 1) expect((await scanner.get(link)).status).toBe(200);
    const visitors = Array.from({ length: 5 }, visitor);
    const answers = await Promise.all(visitors.map((each) => each.followLink(link)));
    expect(answers.filter((answer) => answer.headers.get('location') === '/fleet')).toHaveLength(1);
    const known = await Promise.all(visitors.map((each) => each.who()));
    expect(known.filter((who) => who !== 401)).toEqual([
      expect.objectContaining({ email: 'a@stoa.example' }),
    ]);
  });

  it('lets a link die after a day', async () => {
    const { accounts, clock, visitor } = await openAccounts(database);
    const link = await accounts.createLoginLink('a@stoa.example');
    clock.ahead = DAY;
    expect((await visitor().followLink(link)).headers.get('location')).toBe('/sign-in?told=failed&add');
  });

  it.each(['', 'x', 'A'.repeat(43), '../../etc', '%00'])('takes no %s for a link', async (text) => {
    const { visitor } = await openAccounts(database);
    const answer = await visitor().post('/sign-in', { link: text });
    expect(answer.headers.get('location')).toBe('/sign-in?told=failed&add');
  });

  it('gives a session of its own, whatever cookie came along', async () => {
    const { accounts, visitor } = await openAccounts(database);
    const one = visitor();
    for (const name of ['stoa.session_token', 'stoa.session_token_multi-planted'])
      one.cookies.set(name, encodeURIComponent('planted.c2lnbmF0dXJl'));
    await one.followLink(await accounts.createLoginLink('a@stoa.example'));
    const before = one.cookies.get('stoa.session_token');
    expect(before).not.toContain('planted');
    await one.followLink(await accounts.createLoginLink('a@stoa.example'));
    expect(one.cookies.get('stoa.session_token')).not.toBe(before);
    const old = visitor();
    old.cookies.set('stoa.session_token', before!);
    expect(await old.who()).toBe(401);
  });

  it('takes no session that was signed by another, or not at all', async () => {
    const { accounts, visitor } = await openAccounts(database);
    const one = visitor();
    await one.followLink(await accounts.createLoginLink('a@stoa.example'));
    const [token = '', signature = ''] = decodeURIComponent(one.cookies.get('stoa.session_token')!).split(
      '.',
    );
    const thief = visitor();
    for (const forged of [
      token,
      `${token}.`,
      `${token}.${signature.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'))}`,
    ]) {
      thief.cookies.set('stoa.session_token', encodeURIComponent(forged));
      expect([forged, await thief.who()]).toEqual([forged, 401]);
    }
  });

  it('sets a cookie that scripts, other sites and, over https, other hosts cannot touch', async () => {
    for (const [publicUrl, expected] of [
      ['http://hub.example', /^stoa\.session_token=[^;]+; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Lax$/],
      [
        'https://hub.example',
        /^__Host-stoa\.session_token=[^;]+; Max-Age=2592000; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
      ],
    ] as const) {
      const { accounts, visitor } = await openAccounts(database, { publicUrl });
      const answer = await visitor().followLink(await accounts.createLoginLink('a@stoa.example'));
      const cookies = answer.headers.getSetCookie();
      expect(cookies[0]).toMatch(expected);
      expect(cookies.every((line) => /HttpOnly; .*SameSite=Lax$/.test(line))).toBe(true);
    }
  });

  it('slides for 30 days from the last visit, and then ends', async () => {
    const { accounts, clock, visitor } = await openAccounts(database);
    const one = visitor();
    await one.followLink(await accounts.createLoginLink('a@stoa.example'));
    expect((await one.get('/private', {})).headers.has('set-cookie')).toBe(false);
    clock.ahead = 29 * DAY;
    const slid = await one.get('/private', {});
    expect([slid.status, slid.headers.getSetCookie().length]).toEqual([200, 2]);
    clock.ahead += 29 * DAY;
    expect(await one.who()).toMatchObject({ email: 'a@stoa.example' });
    clock.ahead += 30 * DAY;
    expect(await one.who()).toBe(401);
  });

  it('sweeps away what ended, and nothing else', async () => {
    const { accounts, clock, visitor } = await openAccounts(database);
    const one = visitor();
    await one.followLink(await accounts.createLoginLink('a@stoa.example'));
    await accounts.createLoginLink('b@stoa.example');
    const left = async () => {
      await accounts.sweep.tick();
      const [row] = await database.sql`select (select count(*)::int from user_sessions) as sessions,
        (select count(*)::int from admin_links) as links`;
      return row;
    };
    expect(await left()).toEqual({ sessions: 1, links: 2 });
    clock.ahead = DAY;
    expect(await left()).toEqual({ sessions: 1, links: 1 });
    clock.ahead = 31 * DAY;
    expect(await left()).toEqual({ sessions: 0, links: 1 });
  });

  it('ends with signing out, here at once and at other instances within seconds', async () => {
    const here = await openAccounts(database);
    const elsewhere = await openAccounts(database);
    const one = here.visitor();
    const other = elsewhere.visitor();
    await one.followLink(await here.accounts.createLoginLink('a@stoa.example'));
    for (const [name, value] of one.cookies) other.cookies.set(name, value);
    const kept = here.visitor();
    for (const [name, value] of one.cookies) kept.cookies.set(name, value);
    expect([await one.who(), await other.who()]).toEqual([expect.anything(), expect.anything()]);
    await one.post('/sign-out', {});
    expect([await one.who(), await kept.who()]).toEqual([401, 401]);
    elsewhere.clock.ahead += 5_000;
    expect(await other.who()).toBe(401);
  });

  it('keeps several accounts in one browser, one of them in scope', async () => {
    const { accounts, visitor } = await openAccounts(database);
    const one = visitor();
    for (const email of ['a@stoa.example', 'b@stoa.example'])
      await one.followLink(await accounts.createLoginLink(email));
    const scoped = (email: string) => one.who(`/o/${email}`);
    expect(await one.who()).toMatchObject({ email: 'b@stoa.example' });
    expect(await scoped('a@stoa.example')).toMatchObject({ email: 'a@stoa.example' });
    expect(await scoped('c@stoa.example')).toBe(404);
    expect((await one.get('/private?x=1')).headers.get('location')).toBe('/o/b@stoa.example/private?x=1');
    // Looking at a page of the other makes it the one used last.
    expect((await one.get('/o/a@stoa.example/private')).status).toBe(200);
    expect((await one.get('/private')).headers.get('location')).toBe('/o/a@stoa.example/private');
    await one.post('/o/a@stoa.example/sign-out', {});
    expect([await one.who(), await scoped('a@stoa.example')]).toEqual([
      expect.objectContaining({ email: 'b@stoa.example' }),
      404,
    ]);
    await one.followLink(await accounts.createLoginLink('a@stoa.example'));
    await one.post('/o/a@stoa.example/sign-out', { all: '1' });
    expect([await one.who(), one.cookies.size]).toEqual([401, 0]);
  });

  it('sends pages to the sign-in page and back, and answers 401 to all else', async () => {
    const { app } = await openAccounts(database);
    const page = await app.request('/o/a@stoa.example/private?x=1', { headers: PAGE });
    expect(page.headers.get('location')).toBe('/sign-in?next=%2Fo%2Fa%40stoa.example%2Fprivate%3Fx%3D1');
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
