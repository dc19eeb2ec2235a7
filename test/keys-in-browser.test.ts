/** Owner keys, API keys, sharing and transfers in a browser: what is made there, and that the pages hold. */
import { stoaNetwork } from '@stoa/protocol/chainweb';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNetwork, ManualClock, type NodeServer, serveNode } from './chainweb/index.ts';
import { axeFaults, openBrowser, openTab, overflow, type Tab, violations } from './kit/browser.ts';
import { type ConsoleWorld, openConsoleWorld } from './kit/console-world.ts';

const LIGHT = { colorScheme: 'light', viewport: { width: 1280, height: 900 } } as const;
const DARK = { colorScheme: 'dark', viewport: { width: 390, height: 844 } } as const;

describe('keys and access in a browser', { timeout: 60_000 }, () => {
  let world: ConsoleWorld;
  let browser: Browser;
  let chain: NodeServer;
  let cookie: string;
  let access: string;

  beforeAll(async () => {
    chain = await serveNode(
      createNetwork({
        ...{ seed: 1, clock: new ManualClock(), history: 1, work: 1 },
        network: stoaNetwork,
      }).addNode(),
    );
    const env = { CHAINWEB_URL: chain.serviceUrl };
    [world, browser] = await Promise.all([openConsoleWorld({ nodes: 5, env }), openBrowser()]);
    cookie = await world.signIn();
    access = `/nodes/${await world.nodeId('node-000001')}/access`;
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await world.close();
    await chain.close();
  });

  const tab = (options: Parameters<typeof openTab>[1] = {}): Promise<Tab> =>
    openTab(browser, { baseURL: world.url, cookie, ...LIGHT, ...options });

  it('makes an owner key that no script can take away, and signs its change with it', async () => {
    await using visitor = await tab();
    const { page, faults } = visitor;
    await page.goto('/settings/owner-key');
    await page.getByRole('button', { name: 'Make a key here' }).click();
    await page.getByText('Send the form').waitFor();
    const publicKey = await page.getByLabel('Public key').inputValue();
    expect(publicKey).toMatch(/^[0-9a-f]{64}$/);
    await page.getByRole('button', { name: 'This is my key' }).click();
    await page.getByText('Its private half is in this browser.').waitFor();
    expect(await page.locator('#standing').textContent()).toContain(publicKey);
    expect(await taken(page, publicKey)).toMatch(/^InvalidAccessError/);

    await page.getByRole('button', { name: 'Make the next one here and sign' }).click();
    await page.getByText('Send the form').waitFor();
    await page.getByRole('button', { name: 'Change the key' }).click();
    await page.locator('#history').waitFor();
    const rows =
      await world.sql`select serial, made_in, encode(public_key, 'hex') as key from owner_keys order by serial`;
    expect(rows.map((row) => [row['serial'], row['made_in']])).toEqual([
      [1, 'browser'],
      [2, 'browser'],
    ]);
    expect(rows[0]!['key']).toBe(publicKey);
    expect([await violations(page), faults]).toEqual([[], []]);
  });

  it('says where the private half is not, and takes a pasted change', async () => {
    await using visitor = await tab();
    const { page } = visitor;
    await page.goto('/settings/owner-key');
    await page.getByText('Its private half is not in this browser.').waitFor();
    expect(await page.getByRole('button', { name: 'Make the next one' }).isVisible()).toBe(false);
    await page.getByLabel('Signed change').fill('A'.repeat(300));
    await page.getByRole('button', { name: 'Change the key' }).click();
    await page.getByText('does not hold under the key in force').first().waitFor();
  });

  it('names a payout account, and proves it with the key that this browser holds', async () => {
    await using visitor = await tab();
    const { page, faults } = visitor;
    await page.goto('/settings/owner-key');
    const key = await page.evaluate<string>('browserKeys.make()');
    await page.goto('/settings/payout');
    await page.getByLabel('Account', { exact: true }).fill(`k:${key.slice(0, 20)}\u200b${key.slice(20)}`);
    await page.getByRole('button', { name: 'Pay to this account' }).click();
    expect(await page.locator('.field-fault').textContent()).toContain('U+200B ZERO WIDTH SPACE');
    faults.length = 0;
    await page.getByLabel('Account', { exact: true }).fill(`k:${key}`);
    await page.getByRole('button', { name: 'Pay to this account' }).click();
    await page.getByRole('link', { name: 'Prove it is yours' }).click();
    await page.getByRole('button', { name: 'Make the text' }).click();
    await page.getByRole('button', { name: 'Sign it here' }).click();
    await page.getByText('Signed. Send the form.').waitFor();
    expect([await axeFaults(page), await overflow(page)]).toEqual([[], 0]);
    await page.getByRole('button', { name: 'Check it' }).click();
    await page.getByText('its name: the chain has no row').waitFor();
    expect([await violations(page), faults]).toEqual([[], []]);
  });

  it('shows an API key once, and revokes it', async () => {
    await using visitor = await tab({ javaScriptEnabled: false });
    const { page } = visitor;
    await page.goto('/settings/api-keys');
    await page.getByLabel('Name', { exact: true }).fill('backup job');
    await page.getByRole('button', { name: 'Make the key' }).click();
    expect(await page.locator('.secret-once code').textContent()).toMatch(/^stoa_[0-9a-f]{16}_[\w-]{43}$/);
    await page.goto('/settings/api-keys');
    expect(await page.locator('.secret-once').count()).toBe(0);
    await page.getByRole('button', { name: 'Revoke backup job' }).click();
    await page.getByText('revoked 20').waitFor();
  });

  it('shares a node and offers it, with what was wrong told at the field', async () => {
    await using visitor = await tab({ javaScriptEnabled: false });
    const { page } = visitor;
    await page.goto(access);
    await page.getByLabel('Share with').fill('bob@localhost');
    await page.getByRole('button', { name: 'Share', exact: true }).click();
    expect(await page.locator('.field.is-faulty').textContent()).toContain('an e-mail address');
    expect(await page.getByLabel('Share with').inputValue()).toBe('bob@localhost');
    await page.getByLabel('Share with').fill('bob@x.example');
    await page.getByRole('button', { name: 'Share', exact: true }).click();
    await page.getByRole('rowheader', { name: 'bob@x.example' }).waitFor();
    await page.getByLabel('New owner').fill('cid@x.example');
    await page.getByRole('button', { name: 'Offer it' }).click();
    await page.getByText('offered to cid@x.example').waitFor();
  });

  it.each([
    ['light', LIGHT],
    ['dark, on a phone', DARK],
  ])('is readable, %s', async (_name, options) => {
    await using visitor = await tab(options);
    const { page } = visitor;
    for (const path of [
      '/settings/owner-key',
      '/settings/api-keys',
      '/settings/payout',
      '/transfers',
      access,
    ]) {
      await page.goto(path);
      expect([path, await axeFaults(page), await overflow(page), await violations(page)]).toEqual([
        path,
        [],
        0,
        [],
      ]);
    }
  });
});

/** What a script gets that tries to read the private half. */
function taken(page: Page, publicKey: string): Promise<string> {
  return page.evaluate<string>(`new Promise((resolve) => {
    const opening = indexedDB.open('stoa-owner-keys', 1);
    opening.onsuccess = () => {
      const asked = opening.result.transaction('keys').objectStore('keys').get('${publicKey}');
      asked.onsuccess = () => crypto.subtle.exportKey('pkcs8', asked.result).then(
        () => resolve('exported'), (error) => resolve(String(error)));
    };
  })`);
}
