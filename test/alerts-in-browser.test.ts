/** Alerts in a browser: rules, channels and windows by hand, and that the pages hold. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFaults, openBrowser, openTab, overflow, type Tab, violations } from './kit/browser.ts';
import { type ConsoleWorld, openConsoleWorld } from './kit/console-world.ts';

const LIGHT = { colorScheme: 'light', viewport: { width: 1280, height: 900 } } as const;
const DARK = { colorScheme: 'dark', viewport: { width: 390, height: 844 } } as const;
const PAGES = ['', '/history', '/rules', '/channels', '/maintenance', '/deliveries'] as const;

describe('alerts in a browser', { timeout: 120_000 }, () => {
  let world: ConsoleWorld;
  let browser: Browser;
  let cookie: string;

  beforeAll(async () => {
    [world, browser] = await Promise.all([openConsoleWorld({ nodes: 40 }), openBrowser()]);
    cookie = await world.signIn();
    const evaluate = async () => {
      for (const { name, tick } of world.web.alerts.tasks.map((task) => ({
        name: task.name,
        tick: () => task.tick(),
      })))
        if (name === 'alert-evaluator') await tick();
    };
    await evaluate();
    await world.sql`update nodes set disputed_at = now(), simulated = false where label in ('node-000002', 'node-000003')`;
    await evaluate();
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await world.close();
  });

  const tab = (options: Parameters<typeof openTab>[1] = {}): Promise<Tab> =>
    openTab(browser, { baseURL: world.url, cookie, ...LIGHT, ...options });

  it('says why, and mutes where it says so', async () => {
    await using visitor = await tab();
    const { page, faults } = visitor;
    await page.goto('/alerts?rule=clone');
    const alert = page.locator('.alert', { hasText: 'node-000002' });
    await alert.getByText('Why, and what to do').click();
    await alert.getByText('Stop one of them').waitFor();
    await alert.getByRole('button', { name: 'Mute' }).click();
    await page.goto('/alerts/maintenance');
    await page.getByRole('row', { name: /Mute.*node-000002.*Cloned/ }).waitFor();
    await page.getByRole('button', { name: 'End now: mute of node-000002' }).click();
    await page.getByText('Nothing is held back').waitFor();
    expect([await violations(page), faults]).toEqual([[], []]);
  });

  it('plans a window, changes a rule, and shows what is wrong at the field', async () => {
    await using visitor = await tab();
    const { page } = visitor;
    await page.goto('/alerts/maintenance');
    await page.getByLabel('Only nodes that match').fill('staat:offline');
    await page.getByLabel('Why').fill('new disks');
    await page.getByRole('button', { name: 'Hold back' }).click();
    await page.locator('#selector-fault').getByText('Column 1').waitFor();
    await page.getByLabel('Only nodes that match').fill('-tag:lab');
    await page.getByRole('button', { name: 'Hold back' }).click();
    await page.getByRole('row', { name: /Maintenance.*-tag:lab.*new disks/ }).waitFor();
    await page.goto('/alerts/rules');
    const rule = page.locator('#rule-offline');
    await rule.getByLabel('Delay, minutes').fill('15');
    await rule.getByRole('button', { name: 'Save Offline' }).click();
    await rule.getByText('changed by you').waitFor();
    expect(await rule.getByLabel('Delay, minutes').inputValue()).toBe('15');
  });

  it('adds a webhook, whose key is shown once', async () => {
    await using visitor = await tab();
    const { page } = visitor;
    await page.goto('/alerts/channels');
    await page.getByText('Webhook', { exact: true }).first().click();
    await page.getByLabel('Address of the webhook').fill('https://hooks.example.org/stoa');
    await page.getByRole('button', { name: 'Add Webhook' }).click();
    await page.getByText('signed with this key').waitFor();
    await page.goto('/alerts/channels');
    await page.getByRole('button', { name: 'Send test to hooks.example.org' }).click();
    await page.getByText('The test is on its way').waitFor();
    await page.goto('/alerts/deliveries');
    expect(await page.getByRole('row', { name: /Test: this channel works/ }).count()).toBe(1);
  });

  it.each([
    ['light', LIGHT],
    ['on a phone in the dark', DARK],
  ])('has pages without a fault for axe, nothing wider than the screen: %s', async (_name, look) => {
    await using visitor = await tab(look);
    const { page, faults } = visitor;
    for (const path of PAGES) {
      await page.goto(`/alerts${path}`);
      expect(await axeFaults(page), path).toEqual([]);
      expect(await overflow(page), path).toBeLessThanOrEqual(0);
    }
    expect([await violations(page), faults]).toEqual([[], []]);
  });

  it('works without script', async () => {
    await using visitor = await tab({ javaScriptEnabled: false });
    const { page } = visitor;
    await page.goto('/alerts/rules');
    await page.locator('#rule-forked').getByRole('button', { name: 'Save Forked' }).click();
    expect(new URL(page.url()).pathname).toMatch(/\/alerts\/rules$/);
    expect(await page.locator('#rule-forked .mark').textContent()).toBe('changed by you');
  });
});
