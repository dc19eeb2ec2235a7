import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFaults, focused, openBrowser, openTab, overflow, type Tab, violations } from './kit/browser.ts';
import { type ConsoleWorld, openConsoleWorld } from './kit/console-world.ts';

const NODES = 1_200;
const MARKUP = `<img src=x onerror="alert(1)"><script>alert(2)</script>'"&{{7*7}}`;
/** A label has 64 bytes at most; this one is the first of the list. */
const LABEL = '000 <img src=x onerror="alert(4)">';
const LIGHT = { colorScheme: 'light', viewport: { width: 1280, height: 900 } } as const;
const DARK = { colorScheme: 'dark', viewport: { width: 1280, height: 900 } } as const;
const PHONE = { colorScheme: 'light', viewport: { width: 390, height: 844 } } as const;

describe('the console in a browser', () => {
  let world: ConsoleWorld;
  let browser: Browser;
  let cookie: string;
  let firstNode: string;

  beforeAll(async () => {
    [world, browser] = await Promise.all([openConsoleWorld({ nodes: NODES }), openBrowser()]);
    cookie = await world.signIn();
    firstNode = await world.nodeId('node-000001');
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await world.close();
  });

  const tab = (options: Parameters<typeof openTab>[1] = {}): Promise<Tab> =>
    openTab(browser, { baseURL: world.url, cookie, ...LIGHT, ...options });

  it('signs in by a link that is used up by its button only, and out again', async () => {
    const link = await world.web.accounts.createLoginLink('b@stoa.example');
    await using visitor = await openTab(browser, { baseURL: world.url });
    const { page, faults } = visitor;
    await page.goto('/nodes?state=online');
    expect(page.url()).toContain('/sign-in?next=');
    expect(await page.textContent('main')).toContain('stoa-hub login-link');
    // A scanner fetched it already.
    expect((await page.request.get(link)).status()).toBe(200);
    await page.goto(`${link}?next=/nodes?state=online`);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/nodes?state=online');
    expect(await page.textContent('.account-email')).toBe('b@stoa.example');
    await page.locator('.scope summary').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('**/sign-in');
    await page.goto(link);
    await page.getByRole('button', { name: 'Sign in' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('does not work');
    expect(faults).toEqual([]);
  });

  it('writes a page of the list in ASCII, but for what people called their nodes', async () => {
    const answer = await fetch(new URL('/nodes', world.url), { headers: { cookie, accept: 'text/html' } });
    const page = await answer.text();
    expect(page).toContain('node-000049');
    expect([...page].filter((character) => character > '\x7f')).toEqual([]);
  });

  it('shows the fleet: what needs a person, counts that lead to lists, ten heads', async () => {
    await using visitor = await tab();
    const { page } = visitor;
    await page.goto('/');
    expect(await page.locator('.pulse').textContent()).toContain('1,200');
    expect(await page.locator('.heads > li').count()).toBe(10);
    expect(await page.locator('#needs .lamp').allTextContents()).toEqual([
      'Disputed',
      'Quarantined',
      'Forked',
      'Offline',
      'Behind',
    ]);
    const offline = Number(
      await page.locator('#states li', { hasText: 'Offline' }).locator('.num').first().textContent(),
    );
    await page.locator('#states').getByRole('link', { name: 'Offline' }).click();
    expect(await page.locator('.nodes tbody tr').count()).toBe(Math.min(50, offline));
    expect(new Set(await page.locator('.nodes tbody .lamp').allTextContents())).toEqual(new Set(['Offline']));
  });

  it('pages, filters and finds', async () => {
    await using visitor = await tab();
    const { page } = visitor;
    const labels = () => page.locator('.nodes .c-node a').allTextContents();
    await page.goto('/nodes');
    const first = await labels();
    expect([first[0], first.at(-1), first.length]).toEqual(['node-000001', 'node-000050', 50]);
    await page.locator('a[rel=next]').first().click();
    await expect.poll(async () => (await labels())[0]).toBe('node-000051');
    await page.keyboard.press(']');
    await expect.poll(async () => (await labels())[0]).toBe('node-000101');
    await page.locator('a[rel=prev]').last().click();
    await page.locator('a[rel=prev]').last().click();
    expect(await labels()).toEqual(first);
    await page.keyboard.press('/');
    await page.keyboard.type('node-000777');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=node-000777/);
    expect(await labels()).toEqual(['node-000777']);
    await page.goto('/nodes?q=nothing-like-it');
    expect(await page.textContent('.empty')).toContain('No node matches');
  });

  it('draws the last day of each node in its row, and keeps it where that is patched', async () => {
    await using visitor = await tab();
    const { page, faults } = visitor;
    const nodeId = await world.nodeId('node-000002');
    await page.goto('/nodes');
    await expect.poll(() => page.locator('html').getAttribute('data-stream')).toBe('live');
    expect(await page.locator('.c-day svg').count()).toBeGreaterThanOrEqual(40);
    const row = page.locator('.nodes tr', { hasText: 'node-000002' });
    const picture = row.getByRole('img', { name: /^CPU over 24 h: \d+ to \d+ %$/ });
    const path = await picture.locator('path').getAttribute('d');
    expect(path).toMatch(/^(M\d+ \d+([lh][-\d ]+)+)+$/);
    await world.sql`update node_status set cpu = 0.42, last_seen = now() where node_id = ${nodeId}`;
    world.bus.publish('nodes', { ids: [nodeId] });
    await expect.poll(() => row.locator('td.c-load').first().textContent(), { timeout: 60_000 }).toBe('42');
    expect(await picture.locator('path').getAttribute('d')).toBe(path);
    expect(await page.title()).toContain('Nodes');
    await page.goto('/nodes?q=label:node-000777');
    expect(await page.locator('td.c-day').textContent()).toBe('\u2013');
    await page.setViewportSize(PHONE.viewport);
    expect(await page.locator('td.c-day').isVisible()).toBe(false);
    expect([faults, await violations(page)]).toEqual([[], []]);
  });

  it('explains a lamp in place, and on the page of the node', async () => {
    await using visitor = await tab();
    const { page } = visitor;
    await page.goto('/nodes?state=behind');
    await page.locator('.nodes .lamp').first().click();
    const bubble = page.getByRole('dialog');
    await expect.poll(() => bubble.textContent()).toContain('Why behind?');
    expect(await bubble.textContent()).toMatch(/Last at the tip.*makes it online/);
    await page.keyboard.press('Escape');
    expect(await bubble.isVisible()).toBe(false);
    await page.locator('.nodes .c-node a').first().click();
    expect(await page.locator('#why').getAttribute('open')).not.toBeNull();
  });

  it('shows a node by its tabs, each with an address', async () => {
    await using visitor = await tab();
    const { page } = visitor;
    await page.goto(`/nodes/${firstNode}`);
    await expect.poll(() => page.locator('.chart canvas').count()).toBe(8);
    await page.getByRole('link', { name: '1 hour' }).click();
    await page.waitForURL(/range=1h/);
    await page.getByRole('link', { name: 'Chains' }).click();
    expect(await page.locator('.chains tbody tr').count()).toBe(10);
    expect(await page.locator('.standing').first().textContent()).toBe('At the tip');
    await page.getByRole('link', { name: 'Config' }).click();
    expect(await page.locator('.argv').textContent()).toContain('--service-port 1848');
    expect(await page.locator('#host').textContent()).toContain('32,048 MB');
    await page.getByRole('link', { name: 'Session' }).click();
    expect(await page.locator('#channel').textContent()).toContain('hub-1');
    expect(await page.locator('.events li').count()).toBe(3);
    expect((await page.request.get(`/nodes/${'f'.repeat(64)}`)).status()).toBe(404);
    expect((await page.request.get('/nodes/%3Cscript%3E')).status()).toBe(404);
  });

  it('patches rows and counts as nodes change, and keeps what is open', async () => {
    await using visitor = await tab();
    const { page, faults } = visitor;
    const nodeId = await world.nodeId('node-000003');
    await page.goto('/nodes');
    await expect.poll(() => page.locator('.stream').textContent()).toBe('');
    await expect.poll(() => page.locator('html').getAttribute('data-stream')).toBe('live');
    const row = page.locator('.nodes tr', { hasText: 'node-000003' });
    await row.locator('.c-node a').focus();
    await world.sql`update node_status set lag = 42, at_tip_at = now() - interval '5 minutes', last_seen = now() where node_id = ${nodeId}`;
    world.bus.publish('nodes', { ids: [nodeId] });
    await expect.poll(() => row.locator('.lamp').textContent(), { timeout: 60_000 }).toBe('Behind');
    expect(await row.locator('.c-lag').textContent()).toBe('42');
    expect(await focused(page)).toBe('node-000003');
    await world.sql`update nodes set retired_at = now() where node_id = ${nodeId}`;
    world.bus.publish('nodes', { ids: [nodeId] });
    await expect.poll(() => row.locator('.lamp').textContent(), { timeout: 60_000 }).toBe('Retired');
    await world.sql`update nodes set retired_at = null where node_id = ${nodeId}`;
    await world.sql`update node_status set lag = 0, at_tip_at = now() where node_id = ${nodeId}`;
    world.bus.publish('nodes', { ids: [nodeId] });
    await expect.poll(() => row.locator('.lamp').textContent(), { timeout: 60_000 }).toBe('Online');
    expect([faults, await violations(page)]).toEqual([[], []]);
  });

  it('patches the head and the chains of one node', async () => {
    await using visitor = await tab();
    const { page } = visitor;
    const nodeId = await world.nodeId('node-000005');
    await page.goto(`/nodes/${nodeId}/chains`);
    await expect.poll(() => page.locator('html').getAttribute('data-stream')).toBe('live');
    await page.locator('#why summary').click();
    await world.sql`update node_status set cpu = 0.77, tips = set_byte(tips, 10, 1), last_seen = now() where node_id = ${nodeId}`;
    world.bus.publish('nodes', { ids: [nodeId] });
    await expect.poll(() => page.locator('.strip').textContent(), { timeout: 60_000 }).toContain('77 %');
    await expect
      .poll(() => page.locator('.standing').first().textContent(), { timeout: 60_000 })
      .toBe('Not verified');
    expect(await page.locator('#why').getAttribute('open')).not.toBeNull();
  });

  it('keeps ages true in the browser, in the words of the server', async () => {
    await using visitor = await tab();
    const { page } = visitor;
    await page.goto('/nodes?state=offline');
    const told = await page.locator('.nodes .ago').allTextContents();
    await page.waitForTimeout(1_500);
    const later = await page.locator('.nodes .ago').allTextContents();
    for (const [i, text] of told.entries()) expect(later[i]?.split(' ')[1]).toBe(text.split(' ')[1]);
  });

  it('works without script', async () => {
    await using visitor = await tab({ javaScriptEnabled: false });
    const { page } = visitor;
    await page.goto('/fleet');
    await page.getByRole('link', { name: 'Nodes', exact: true }).click();
    await page.locator('a[rel=next]').first().click();
    expect(await page.locator('.nodes .c-node a').first().textContent()).toBe('node-000051');
    await page.fill('#search', 'node-000777');
    await page.press('#search', 'Enter');
    await page.locator('.nodes .lamp').click();
    expect(page.url()).toContain('#why');
    expect(await page.locator('.explain').count()).toBe(1);
    await page.goto(`/nodes/${firstNode}`);
    expect(await page.locator('.line-chart path.mean').count()).toBeGreaterThanOrEqual(8);
    await page.getByRole('button', { name: 'Sign out' }).isVisible();
  });

  it('leaves stored markup inert, in pages and in patches', async () => {
    const nodeId = await world.nodeId('node-000007');
    await world.sql`update nodes set label = ${LABEL}, owner = ${MARKUP}, region = ${MARKUP}, agent_version = ${MARKUP} where node_id = ${nodeId}`;
    await world.sql`update node_descriptions set agent_version = ${MARKUP}, supervision = ${MARKUP},
      argv = ${world.sql.json(['x', MARKUP, '</code><script>alert(3)</script>'])}, host = ${world.sql.json({ hostname: MARKUP })},
      settings = ${world.sql.json([{ name: MARKUP, value: MARKUP, isDefault: true }])},
      components = ${world.sql.json([{ name: MARKUP, state: MARKUP, why: MARKUP }])} where node_id = ${nodeId}`;
    await world.sql`update sessions set address = ${MARKUP}, boot_id = ${MARKUP} where node_id = ${nodeId}`;
    await world.sql`insert into node_events (at, node_id, kind, detail) values (now(), ${nodeId}, ${MARKUP}, ${world.sql.json({ [MARKUP]: MARKUP })})`;
    await using visitor = await tab();
    const { page, faults } = visitor;
    for (const path of ['', '/chains', '/config', '/session']) {
      await page.goto(`/nodes/${nodeId}${path}`);
      expect(await page.textContent('h1')).toBe(LABEL);
    }
    await page.goto(`/nodes?q=${encodeURIComponent('img src')}`);
    await page.goto('/fleet');
    await page.goto('/nodes');
    await expect.poll(() => page.locator('html').getAttribute('data-stream')).toBe('live');
    await world.sql`update node_status set cpu = 0.66, last_seen = now() where node_id = ${nodeId}`;
    world.bus.publish('nodes', { ids: [nodeId] });
    await expect
      .poll(() => page.locator('.nodes tbody tr').first().textContent(), { timeout: 60_000 })
      .toContain('66');
    expect(await page.locator('.nodes .c-node a').first().textContent()).toBe(LABEL);
    expect(await page.locator('img, main script').count()).toBe(0);
    expect([faults, await violations(page)]).toEqual([[], []]);
  });

  describe.each([
    ['light', LIGHT],
    ['dark', DARK],
    ['phone', PHONE],
  ])('%s', (_, options) => {
    let admin: Tab;
    let visitor: Tab;
    beforeAll(async () => {
      [admin, visitor] = await Promise.all([
        tab(options),
        openTab(browser, { baseURL: world.url, ...options }),
      ]);
    });
    afterAll(async () => {
      await Promise.all([admin[Symbol.asyncDispose](), visitor[Symbol.asyncDispose]()]);
    });

    it.each([
      ['the sign-in page', '/sign-in?told=failed', false],
      ['the fleet', '/fleet', true],
      ['the list', '/nodes', true],
      ['a filtered list', '/nodes?state=offline&q=node', true],
      ['an empty list', '/nodes?q=zzz', true],
      ['health', '/nodes/NODE', true],
      ['chains', '/nodes/NODE/chains', true],
      ['config', '/nodes/NODE/config', true],
      ['the session', '/nodes/NODE/session', true],
      ['a node over SSH', '/nodes/NODE/ssh', true],
      ['a host to bootstrap', '/bootstrap', true],
      ['hosts to bootstrap', '/bootstrap/hosts', true],
      ['the security page', '/settings/security', true],
      ['accounts', '/admin/accounts', true],
      ['a confirmation', '/confirm?next=/nodes', true],
      ['the sign-up page', '/sign-up', false],
      ['an error', `/nodes/${'0'.repeat(64)}`, true],
    ] as const)(
      'shows %s within its width, without a fault of policy or access',
      async (name, path, signedIn) => {
        const { page, faults } = signedIn ? admin : visitor;
        faults.splice(0);
        await page.goto(path.replace('NODE', firstNode), { waitUntil: 'load' });
        if (name === 'health') await expect.poll(() => page.locator('canvas').count()).toBe(8);
        if (options !== PHONE) expect(await axeFaults(page)).toEqual([]);
        expect(await overflow(page)).toBeLessThanOrEqual(0);
        expect(await violations(page)).toEqual([]);
        expect(faults.filter((fault) => !(name === 'an error' && fault.includes('404')))).toEqual([]);
      },
    );
  });
});
