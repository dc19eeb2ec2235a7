import { createHash } from 'node:crypto';
import { AuditLog, verifyExport } from '@stoa/hub/audit';
import { nodeCrypto } from '@stoa/protocol/node';
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
const MARKUP = '<img src=x onerror="alert(1)">';
const NODE = createHash('sha256').update('node').digest('hex');

describe('the audit log in a browser', () => {
  let world: ConsoleWorld;
  let browser: Browser;
  let cookie: string;

  beforeAll(async () => {
    [world, browser] = await Promise.all([openConsoleWorld({ nodes: 0 }), openBrowser()]);
    cookie = await world.signIn();
    // What signing in has told the log is not of this test.
    await world.sql`truncate audit_log cascade`;
    const log = new AuditLog({ sql: world.sql, clock: { now: () => Date.now() - 60_000 } });
    for (let i = 0; i < 60; i += 1)
      await log.append({
        actor: i % 3 === 0 ? 'hub' : `person-${i % 5}@stoa.example`,
        act: ['node.tag', 'node.retire', 'token.create', 'key.revoke'][i % 4]!,
        subject: i % 2 === 0 ? NODE : MARKUP,
        owner: 'owner@stoa.example',
        detail: { add: ['lab', MARKUP], number: i },
      });
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await world.close();
  });

  it.each(LOOKS)('is readable and accessible: $name', async ({ name, ...look }) => {
    await using visitor = await openTab(browser, { baseURL: world.url, cookie, ...look });
    const { page, faults } = visitor;
    await page.goto('/audit');
    expect(await page.locator('.act-log > li').count()).toBe(50);
    await page.locator('.act-log summary').nth(1).click();
    expect(await page.locator('.act-log details[open]').textContent()).toContain('for ever');
    expect(await axeFaults(page)).toEqual([]);
    expect(await violations(page)).toEqual([]);
    expect(await overflow(page)).toBe(0);
    expect(faults).toEqual([]);
    await page.screenshot({ path: `test/screenshots/audit-${name}.png`, fullPage: true });
  });

  it('filters, pages and opens rows without script', async () => {
    await using visitor = await openTab(browser, { baseURL: world.url, cookie, javaScriptEnabled: false });
    const { page } = visitor;
    await page.goto('/audit');
    await page.getByRole('link', { name: 'Older' }).click();
    expect(await page.locator('.act-log > li').count()).toBe(10);
    await page.getByRole('textbox', { name: 'Act' }).fill('token');
    await page.getByLabel('Words').fill('person-0');
    await page.getByRole('button', { name: 'Filter' }).click();
    expect(await page.locator('.act-log .act-what').allTextContents()).toEqual([
      'token.create',
      'token.create',
    ]);
    await page.getByRole('textbox', { name: 'Act' }).fill('Not an act');
    await page.getByRole('button', { name: 'Filter' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('like node.retire');
    expect(await page.getByRole('textbox', { name: 'Act' }).inputValue()).toBe('Not an act');
  });

  it('is exported by a download that verifies, and tells of it', async () => {
    const answer = await fetch(new URL('/audit/export', world.url), { headers: { cookie } });
    expect(answer.headers.get('content-disposition')).toContain('stoa-audit.jsonl.gz');
    const report = await verifyExport(answer.body!, { crypto: nodeCrypto });
    expect(report).toMatchObject({ ok: true, rows: 61, problems: [] });
    const bad = await fetch(new URL('/audit/export?since=yesterday', world.url), { headers: { cookie } });
    expect([bad.status, (await bad.json()) as object]).toMatchObject([400, { code: 'bad_range' }]);
    const [none, some] = await Promise.all(
      ['2020-01-01', '2099-01-01'].map(async (until) => {
        const made = await fetch(new URL(`/audit/export?until=${until}`, world.url), { headers: { cookie } });
        return verifyExport(made.body!, { crypto: nodeCrypto });
      }),
    );
    expect([none?.rows, none?.ok, some?.ok]).toEqual([0, true, true]);
  });
});
