import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFaults, openBrowser, openTab, overflow, violations } from './kit/browser.ts';
import { type ConsoleWorld, openConsoleWorld } from './kit/console-world.ts';

const WIDE = { width: 1280, height: 900 };
const LOOKS = [
  { name: 'light', colorScheme: 'light', viewport: WIDE },
  { name: 'dark', colorScheme: 'dark', viewport: WIDE },
  { name: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
] as const;

describe('the API over a socket', () => {
  let world: ConsoleWorld;
  let browser: Browser;
  let cookie: string;

  beforeAll(async () => {
    [world, browser] = await Promise.all([openConsoleWorld({ nodes: 60 }), openBrowser()]);
    cookie = await world.signIn();
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await world.close();
  });

  const get = async (path: string, headers: Record<string, string>) => {
    const answer = await fetch(new URL(path, world.url), { headers });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };

  it.each(LOOKS)('is documented by a page of its own: $name', async ({ name, ...look }) => {
    await using visitor = await openTab(browser, { baseURL: world.url, ...look });
    const { page, faults } = visitor;
    await page.goto('/docs');
    expect(await page.locator('main').textContent()).toContain('GET /api/v1/nodes');
    expect(await axeFaults(page)).toEqual([]);
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBe(0);
    expect(faults).toEqual([]);
    await page.screenshot({ path: `test/screenshots/docs-${name}.png`, fullPage: true });
  });

  it('takes a key that the page made, within its scopes, and a session', async () => {
    const made = await fetch(new URL('/settings/api-keys', world.url), {
      method: 'POST',
      headers: { cookie, origin: world.url },
      body: new URLSearchParams({ name: 'test', scopes: 'nodes:read', days: '7' }),
    });
    const [key] = /stoa_[0-9a-f]{16}_[\w-]{43}/.exec(await made.text()) ?? [];
    const bearer = { authorization: `Bearer ${key}` };
    const nodes = await get('/api/v1/nodes?q=label:node-000001', bearer);
    expect(nodes).toMatchObject({ status: 200, body: { nodes: [{ label: 'node-000001' }], next: null } });
    expect(await get('/api/v1/audit', bearer)).toMatchObject({
      status: 403,
      body: { code: 'missing_scope' },
    });
    expect(await get('/api/v1/audit?act=key', { cookie })).toMatchObject({
      status: 200,
      body: { acts: [{ act: 'key.create' }] },
    });
    expect(await get('/api/v1/nodes', {})).toMatchObject({ status: 401 });
    // Pages are for people: a key opens none of them.
    for (const path of [
      '/fleet',
      '/nodes',
      '/bulk',
      '/join',
      '/tokens',
      '/alerts/rules',
      '/settings/api-keys',
    ])
      expect([path, (await get(path, bearer)).status]).toEqual([path, 401]);
    expect(await get('/api/v1/nodes', { ...bearer, authorization: 'Bearer nonsense', cookie })).toMatchObject(
      {
        status: 401,
        body: { code: 'bad_key' },
      },
    );
  });
});
