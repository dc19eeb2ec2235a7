/** Adding a node as a person does: the wizard in a browser, its very command in a shell, the checklist as it fills. */

import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishAgent } from './kit/agent-release.ts';
import { axeFaults, openBrowser, openTab, overflow, violations } from './kit/browser.ts';
import { HubHome, type HubProcess } from './kit/hub-process.ts';
import { runScript } from './kit/install-script.ts';
import { temporaryDirectory } from './kit/temporary-directory.ts';
import { until } from './kit/until.ts';

const SCREENSHOTS = fileURLToPath(new URL('screenshots', import.meta.url));

describe('the wizard', { timeout: 120_000 }, () => {
  let home: HubHome;
  let hub: HubProcess;
  let browser: Browser;
  let cookie: string;
  let scratch: Awaited<ReturnType<typeof temporaryDirectory>>;

  beforeAll(async () => {
    scratch = await temporaryDirectory();
    home = await HubHome.create();
    await publishAgent(home);
    hub = await home.serve({ HEARTBEAT_SECONDS: '1' });
    cookie = await signIn();
    browser = await openBrowser();
    await mkdir(SCREENSHOTS, { recursive: true });
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await home[Symbol.asyncDispose]();
    await scratch[Symbol.asyncDispose]();
  });

  /** By the link that the hub printed. */
  async function signIn(): Promise<string> {
    const printed = () => /Sign in \(once[^:]*\): \S+\/(\S+)/.exec(hub.output())?.[1];
    await until('the link is printed', () => printed() !== undefined);
    const link = printed()!;
    const body = new URLSearchParams({ link });
    const answer = await fetch(`${hub.origin}/sign-in`, { method: 'POST', redirect: 'manual', body });
    return answer.headers.getSetCookie()[0]!.split(';')[0]!;
  }

  /** Light, dark and on a phone; each must be clean for axe and as wide as its window. */
  async function look(page: Page, name: string): Promise<void> {
    for (const [scheme, width] of [
      ['light', 1280],
      ['dark', 1280],
      ['light', 390],
    ] as const) {
      await page.emulateMedia({ colorScheme: scheme });
      await page.setViewportSize({ width, height: 900 });
      const path = join(SCREENSHOTS, `${name}-${width === 390 ? 'phone' : scheme}.png`);
      await page.screenshot({ path, fullPage: true });
      expect(await axeFaults(page), `${name} ${scheme} ${width}`).toEqual([]);
      expect(await overflow(page), `${name} ${scheme} ${width}`).toBeLessThanOrEqual(0);
    }
    await page.setViewportSize({ width: 1280, height: 900 });
  }

  it('leads from a name to a node that is heard from, without a reload', async () => {
    await using tab = await openTab(browser, { baseURL: hub.origin, cookie });
    const { page } = tab;
    await page.goto('/join');
    await look(page, 'join-new');
    await page.getByRole('textbox', { name: 'Name' }).fill('attic');
    await page.getByRole('textbox', { name: 'Tags' }).fill('home, rack-2');
    await page.getByRole('button', { name: 'Make the command' }).click();
    const command = await page.locator('#command').textContent();
    await look(page, 'join-waiting');

    const [, script, token] = /^curl -fsS (\S+) \| sudo sh -s -- (stoa1_\S+)$/.exec(command!.trim())!;
    const sha256 = await page.locator('code.hash').textContent();
    const prefix = join(scratch.path, 'agent');
    const fetched = await (await fetch(script!)).text();
    expect(Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(fetched))).toString('hex')).toBe(
      sha256,
    );
    const installed = await runScript(['sh'], {
      script: fetched,
      args: ['--prefix', prefix, '--no-service', token!],
    });
    expect(installed.said).toContain('Enrolled as attic');

    const item = (title: string) => page.locator('.checklist-panel > .checklist > li', { hasText: title });
    for (const title of ['Downloaded', 'Key made', 'Joined'])
      await item(title).getByText('Done', { exact: true }).waitFor();
    await item('Doctor').getByText('Look', { exact: true }).waitFor();
    const agent = spawn(join(prefix, 'bin/stoa-agent'), ['run'], {
      env: {
        PATH: process.env['PATH'],
        CHAINWEB_NETWORK: home.network.network.name,
        CHAINWEB_URL: home.chain.serviceUrl,
      },
      stdio: 'ignore',
    });
    try {
      for (const title of ['First heartbeat', 'Tips of its chains'])
        await item(title).getByText('Done', { exact: true }).waitFor();
      await page.getByText('The hub sees it by the loopback address').waitFor();
      await look(page, 'join-joined');
      await page.goto('/tokens');
      await page.getByText('used up').waitFor();
      await look(page, 'tokens');
    } finally {
      agent.kill('SIGTERM');
    }
    expect(await violations(page)).toEqual([]);
    expect(tab.faults).toEqual([]);
  });

  it('works without JavaScript: the form, the command, and the checklist by reload', async () => {
    await using tab = await openTab(browser, { baseURL: hub.origin, cookie, javaScriptEnabled: false });
    const { page } = tab;
    await page.goto('/join');
    await page.getByRole('textbox', { name: 'Name' }).fill('cellar');
    await page.getByLabel('Hosts').fill('20');
    await page.getByRole('button', { name: 'Make the command' }).click();
    await page.getByText('0 of 20').or(page.getByText('Nobody came yet')).waitFor();
    expect(await page.locator('#cloud-init').textContent()).toContain('#cloud-config');
    await page.getByRole('link', { name: 'Look again' }).click();
    expect(await page.locator('#command').textContent()).toContain('stoa1_');
    await page.getByRole('link', { name: 'Join tokens' }).first().click();
    await page.getByRole('button', { name: 'Revoke the token for cellar' }).click();
    await page.getByText('revoked', { exact: true }).waitFor();
    expect(await page.getByRole('button', { name: 'Revoke the token for cellar' }).count()).toBe(0);
  });
});
