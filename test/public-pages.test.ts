import { gzipSync } from 'node:zlib';
import type { Browser, Response as PageResponse } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFaults, openBrowser, openTab, overflow, type Tab, violations } from './kit/browser.ts';
import { type ConsoleWorld, openConsoleWorld } from './kit/console-world.ts';

const NODES = 400;
const SCRIPT_BYTES = 60 * 1024;
const WIDE = { width: 1280, height: 900 };
const MODES = {
  light: { colorScheme: 'light', viewport: WIDE },
  dark: { colorScheme: 'dark', viewport: WIDE },
  phone: { colorScheme: 'light', viewport: { width: 390, height: 844 } },
} as const;

describe('public and admin pages in a browser', () => {
  let world: ConsoleWorld;
  let browser: Browser;
  let cookie: string;
  let node: string;

  beforeAll(async () => {
    [world, browser] = await Promise.all([openConsoleWorld({ nodes: NODES }), openBrowser()]);
    cookie = await world.signIn();
    node = await world.nodeId('node-000001');
    await world.sql`insert into node_publicity (node_id, owner, listed, changed_by, changed_at)
      select node_id, owner, true, 'owner', now() from nodes where label < 'node-000060'`;
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await world.close();
  });

  const visit = (options: Parameters<typeof openTab>[1] = {}): Promise<Tab> =>
    openTab(browser, { baseURL: world.url, ...MODES.light, ...options });

  it('goes to a page, a node and an action by keyboard', async () => {
    await using visitor = await visit({ cookie });
    const { page, faults } = visitor;
    await page.goto('/fleet');
    await page.keyboard.press('Control+k');
    await page.keyboard.type('node-000002');
    const options = page.locator('#palette-list [role=option]');
    await expect.poll(() => options.first().textContent()).toMatch(/^node-000002/);
    expect(await page.locator('#palette-input').getAttribute('aria-activedescendant')).toBe('palette-0');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/nodes\/[0-9a-f]{64}$/);
    await page.keyboard.press('Control+k');
    await page.keyboard.type('audit');
    await expect.poll(() => options.first().textContent()).toMatch(/^Audit/);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/audit$/);
    await page.keyboard.press('?');
    expect(await page.getByRole('dialog', { name: 'Keyboard' }).isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog', { name: 'Keyboard' }).isVisible()).toBe(false);
    expect(faults).toEqual([]);
  });

  it('leads from a number of the fleet to as many nodes', async () => {
    await using visitor = await visit({ cookie });
    const { page } = visitor;
    await page.goto('/admin/fleet');
    const link = page.locator('.matrix tbody').first().locator('.matrix-region td a').first();
    const count = Number(await link.textContent());
    await link.click();
    await page.waitForURL(/nodes\?q=/);
    expect(await page.locator('.nodes tbody tr').count()).toBe(Math.min(50, count));
  });

  it('announces above every page, and takes it back', async () => {
    await using visitor = await visit({ cookie, javaScriptEnabled: false });
    const { page } = visitor;
    await page.goto('/admin/announcements');
    await page.getByLabel('Text').fill('Chainweb 2.31 <script>alert(1)</script> is out');
    await page.getByLabel('Owners of').fill('region:(');
    await page.getByRole('button', { name: 'Announce' }).click();
    expect(await page.getByRole('alert').count()).toBe(1);
    expect(await page.getByLabel('Text').inputValue()).toContain('2.31 <script>');
    await page.getByLabel('Owners of').fill('region:eu');
    await page.getByRole('button', { name: 'Announce' }).click();
    await page.goto('/fleet');
    await expect
      .poll(
        async () => {
          await page.reload();
          return page.locator('.announcement').count();
        },
        { timeout: 60_000, interval: 500 },
      )
      .toBe(1);
    expect(await page.locator('.announcement').textContent()).toContain('<script>alert(1)</script>');
    await page.goto('/admin/announcements');
    await page.getByRole('button', { name: 'Withdraw' }).click();
    expect(await page.locator('.announcement-facts').first().textContent()).toContain('withdrawn');
  });

  it('shows a node and its badge to strangers, in pages of others too', async () => {
    await using visitor = await visit();
    const { page } = visitor;
    await page.goto('/explorer/nodes');
    await page.getByRole('link', { name: 'node-000001' }).click();
    const width = () => page.evaluate<number>("document.querySelector('.badge img')?.naturalWidth ?? 0");
    await expect.poll(width).toBeGreaterThan(60);
    expect(await page.textContent('main')).not.toContain('@');
  });

  describe.each(Object.entries(MODES))('%s', (mode, options) => {
    let admin: Tab;
    let stranger: Tab;
    beforeAll(async () => {
      [admin, stranger] = await Promise.all([visit({ cookie, ...options }), visit(options)]);
    });
    afterAll(async () => {
      await Promise.all([admin[Symbol.asyncDispose](), stranger[Symbol.asyncDispose]()]);
    });

    it.each([
      ['the pulse', '/', false],
      ['the status', '/status', false],
      ['the explorer', '/explorer/nodes', false],
      ['a listed node', '/explorer/nodes/NODE', false],
      ['an error for strangers', '/explorer/nodes/x', false],
      ['the overview', '/fleet', true],
      ['what is public of a node', '/nodes/NODE/public', true],
      ['health, with charts', '/nodes/NODE', true],
      ['the three truths', '/nodes/NODE/chains', true],
      ['the whole fleet', '/admin/fleet', true],
      ['the system', '/admin/system', true],
      ['announcements', '/admin/announcements', true],
    ] as const)(
      'shows %s within its width, without a fault, in few bytes of script',
      async (name, path, signedIn) => {
        const { page, faults } = signedIn ? admin : stranger;
        faults.splice(0);
        const scripts: Promise<number>[] = [];
        const weigh = (response: PageResponse) => {
          if (response.url().endsWith('.js'))
            scripts.push(response.body().then((body) => gzipSync(body).length));
        };
        page.on('response', weigh);
        await page.goto(path.replace('NODE', node), { waitUntil: 'load' });
        page.off('response', weigh);
        const scriptBytes = (await Promise.all(scripts)).reduce((sum, bytes) => sum + bytes, 0);
        expect(scriptBytes).toBeLessThan(SCRIPT_BYTES);
        if (mode !== 'phone') expect(await axeFaults(page)).toEqual([]);
        expect(await overflow(page)).toBeLessThanOrEqual(0);
        expect(await violations(page)).toEqual([]);
        expect(faults.filter((fault) => !(name.startsWith('an error') && fault.includes('404')))).toEqual([]);
      },
    );
  });
});
