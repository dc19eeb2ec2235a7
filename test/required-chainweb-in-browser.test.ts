/** The required chainweb version, on the pages that show it. */
import { saveRequiredChainweb } from '@stoa/hub/nodes';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFaults, openBrowser, openTab, overflow, violations } from './kit/browser.ts';
import { type ConsoleWorld, openConsoleWorld } from './kit/console-world.ts';

const DAY_MS = 86_400_000;

describe('a required chainweb version in a browser', { timeout: 60_000 }, () => {
  let world: ConsoleWorld;
  let browser: Browser;
  let cookie: string;
  beforeAll(async () => {
    [world, browser] = await Promise.all([openConsoleWorld({ nodes: 20 }), openBrowser()]);
    cookie = await world.signIn();
    const now = Date.now();
    await saveRequiredChainweb(world.sql, { version: '2.33', by: now + 10 * DAY_MS, setAt: now });
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await world.close();
  });

  it.each([
    { colorScheme: 'light', viewport: { width: 1280, height: 900 } },
    { colorScheme: 'dark', viewport: { width: 390, height: 844 } },
  ] as const)('stands where admins and owners look, $colorScheme', async (screen) => {
    await using visitor = await openTab(browser, { baseURL: world.url, cookie, ...screen });
    const { page, faults } = visitor;
    for (const path of ['/admin/system', '/admin/fleet', '/admin/rollouts/chainweb', '/fleet']) {
      await page.goto(path);
      await page.getByText('2.33').first().waitFor();
      expect([await axeFaults(page), await overflow(page), await violations(page)]).toEqual([[], 0, []]);
    }
    await page
      .locator('#needs')
      .getByRole('link', { name: /old chainweb/ })
      .last()
      .click();
    await page.waitForURL(/chainweb/);
    expect(faults).toEqual([]);
  });
});
