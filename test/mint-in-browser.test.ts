/** The mint in a browser: ten lanes that move by themselves, a day that is given up without script, and what everybody sees. */
import { createHash } from 'node:crypto';
import { DAY, SweepRows } from '@stoa/hub/mint-pages/rows';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFaults, openBrowser, openTab, overflow, type Tab, violations } from './kit/browser.ts';
import { type ConsoleWorld, openConsoleWorld } from './kit/console-world.ts';

const PHONE = { colorScheme: 'dark', viewport: { width: 375, height: 812 } } as const;
const NAME = '2026-11-26';
const THEATRE = `/admin/mint/${NAME}`;

describe('the mint in a browser', { timeout: 60_000 }, () => {
  let world: ConsoleWorld;
  let browser: Browser;
  let rows: SweepRows;
  let cookie: string;

  beforeAll(async () => {
    const env = { EXPLORER_TX_URL: 'https://explorer.example/{chain}/{key}' };
    [world, browser] = await Promise.all([openConsoleWorld({ nodes: 0, env }), openBrowser()]);
    rows = await SweepRows.open(world.sql);
    await rows.seat(20, 'admin@stoa.example');
    await rows.cut(DAY - 1, (i) => 1 + i);
    await rows.run(DAY - 1, 'settled');
    await rows.end(DAY - 1, 'settled');
    await rows.wait('stranger', 12);
    await rows.cut(DAY, (i) => 1 + i);
    await rows.run(DAY, 'final', ({ kind }) => kind === 'open');
    for (const chain of Array.from({ length: 10 }).keys())
      await rows.gas({ chain, balance: chain === 3 ? 0.0118 : 4.2, needed: 0.0165 });
    cookie = await world.signIn();
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await world.close();
  });

  const tab = (options: Parameters<typeof openTab>[1] = {}): Promise<Tab> =>
    openTab(browser, { baseURL: world.url, ...options });
  const batch = (chain: number) => ({ kind: 'mint', epoch: DAY, chain, part: 0 }) as const;

  it('moves each lane as its transaction moves, without a reload, and copies its key', async () => {
    await using visitor = await tab({ cookie, permissions: ['clipboard-read', 'clipboard-write'] });
    const { page, faults } = visitor;
    await page.goto('/admin/mint');
    expect(await page.locator('#gas [role=alert]').textContent()).toContain('Running low on chain 3:');
    await page.getByRole('link', { name: NAME, exact: true }).click();
    await page.evaluate('window.sameDocument = true');
    const lane = page.locator('#lane-3');
    const station = () => lane.locator('[aria-current=step]').textContent();
    expect(await station()).toBe('planned');
    for (const state of ['sent', 'mined', 'final'] as const) {
      await rows.bring(batch(3), state);
      await expect.poll(station).toBe(state);
    }
    const key = await lane.locator('code').first().textContent();
    expect(await lane.getByRole('link', { name: /^Look up/ }).getAttribute('href')).toBe(
      `https://explorer.example/3/${key}`,
    );
    await lane.getByRole('button', { name: 'Copy' }).focus();
    await page.keyboard.press('Enter');
    await lane.getByText('Copied').waitFor();
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(key);
    await rows.bring(batch(8), 'sent');
    await rows.bring(batch(8), 'stopped', 'failed');
    await page.locator('#lane-8').getByRole('alert').waitFor();
    await page.locator('#sweep-head').getByText('One transaction is stopped').waitFor();
    expect(await page.evaluate('window.sameDocument')).toBe(true);
    expect([await axeFaults(page), await violations(page), faults]).toEqual([[], [], []]);
  });

  it('fits a phone in the dark, and gives a day up without script', async () => {
    await using visitor = await tab({ cookie, ...PHONE, javaScriptEnabled: false });
    const { page } = visitor;
    await page.goto(THEATRE);
    expect(await page.locator('#lane-3').getByRole('button').count()).toBe(0);
    expect(await page.getByText('Nobody proved to hold the account').isVisible()).toBe(true);
    await page.getByRole('link', { name: 'Plan against ledger and chain' }).click();
    await page.getByRole('link', { name: 'Compare accounts of chain 3' }).click();
    await page.getByText('Each slot is planned what the ledger reserved').waitFor();
    await page.getByRole('link', { name: 'Theatre' }).click();
    await page.getByText('Cancel the day').click();
    await page.getByLabel('Why', { exact: true }).fill('a rehearsal');
    await page.getByRole('button', { name: `Cancel ${NAME}` }).click();
    await page.getByText('It is being cancelled').waitFor();
    const [entry] = await world.sql`select subject, detail from audit_log where act = 'mint.cancel'`;
    expect(entry).toEqual({ subject: NAME, detail: { reason: 'a rehearsal' } });
  });

  it('shows everybody what was minted, what to check it by, and each owner their own', async () => {
    await using visitor = await tab(PHONE);
    const { page, faults } = visitor;
    await page.goto('/explorer/mints');
    await page.getByRole('link', { name: NAME, exact: true }).click();
    await page.getByText('What anybody can check').waitFor();
    const digest = await page.locator('#batch-3-0 dd').nth(2).textContent();
    const files = page.locator('#batch-3-0').getByRole('link', { name: 'deltas' });
    const deltas = await (await fetch(new URL((await files.getAttribute('href'))!, world.url))).text();
    expect(createHash('sha256').update(deltas).digest('base64url')).toBe(digest);
    expect([await axeFaults(page), await overflow(page), await violations(page), faults]).toEqual([
      [],
      0,
      [],
      [],
    ]);
    for (const [path, options] of [
      [THEATRE, { cookie, ...PHONE }],
      [`${THEATRE}/diff?chain=3`, { cookie, ...PHONE }],
      ['/admin/mint', { cookie, ...PHONE }],
      ['/earnings', { cookie, ...PHONE }],
    ] as const) {
      await using other = await tab(options);
      await other.page.goto(path);
      expect([path, await axeFaults(other.page), await overflow(other.page)]).toEqual([path, [], 0]);
    }
    await using owner = await tab({ cookie });
    await owner.page.goto('/earnings');
    expect(await owner.page.locator('#mints tbody tr').count()).toBe(40);
  });
});
