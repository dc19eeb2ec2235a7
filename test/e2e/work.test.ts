/**
 * What an admin has done on hosts, in Debian's Chromium, on a real OpenSSH server: a bare host becomes a node, works,
 * breaks and is recovered, without a shell on it. One story: each step needs the ones before it.
 */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BareHost, canHost } from '../kit/bare-host.ts';
import type { Tab } from '../kit/browser.ts';
import { Gallery } from './gallery.ts';
import { Stage } from './stage.ts';

const ADMIN = 'admin@stoa.local';
const AGENT = '/usr/local/bin/stoa-agent';
/** A job over SSH installs packages and an agent. */
const INSTALLED = { timeout: 120_000 };

describe.skipIf(!canHost)('a host and its work', { timeout: 180_000 }, () => {
  const gallery = new Gallery();
  let stage: Stage;
  let host: BareHost;
  let admin: Tab;
  let nodePage: string;

  beforeAll(async () => {
    stage = await Stage.open();
    [admin, host] = await Promise.all([stage.tab(), stage.bareHost()]);
    await admin.page.goto(await stage.firstLink());
    await press(admin.page, 'Sign in');
    await admin.page.waitForURL(`**/o/${ADMIN}/**`);
  }, 180_000);
  afterAll(async () => {
    await admin?.[Symbol.asyncDispose]();
    await host?.close();
    await stage?.[Symbol.asyncDispose]();
  });

  const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first().click();
  const to = (path: string) => admin.page.goto(`/o/${ADMIN}/${path}`);
  const status = (page: Page, state: string) => page.locator('.job-status', { hasText: state });

  it('makes a bare host a node, once its key was looked at', async () => {
    const { page } = admin;
    await to('bootstrap');
    await gallery.show(page, 'bootstrap');
    await page.getByRole('textbox', { name: 'Host', exact: true }).fill(host.address);
    await page.getByRole('textbox', { name: 'User', exact: true }).fill(host.user);
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('rack-1');
    await page.getByRole('textbox', { name: 'Tags', exact: true }).fill('rack');
    await press(page, 'Show its key');
    const shown = (await page.locator('.key-print code').textContent())!.trim();
    expect(await host.exec('ssh-keygen -lf /etc/stoa-ssh-host.pub')).toContain(shown);
    await gallery.show(page, 'bootstrap-key');
    await page.getByLabel('One-time password').fill(host.password);
    await press(page, 'Accept the key and begin');
    await page.waitForURL('**/jobs/*');
    await status(page, 'succeeded').waitFor(INSTALLED);
    await gallery.show(page, 'bootstrap-job');
    expect(await page.locator('.log').textContent()).not.toContain(host.password);
    // Now that it is over, the page names its node.
    await page.locator('.node-id').getByRole('link', { name: 'rack-1' }).click();
    await page.waitForURL('**/nodes/*/jobs');
    nodePage = page.url().replace(/\/jobs$/, '');
    await page.goto(nodePage);
    await page.locator('.lamp.is-online').first().waitFor({ timeout: 60_000 });
  });

  it('runs a job on all that match, and lets its log be followed', async () => {
    const { page } = admin;
    await host.exec(`${AGENT} pause`);
    await runOnRack(page, 'node-test');
    await page.getByText('Nothing was written yet.').waitFor();
    expect(await status(page, 'queued').count()).toBe(1);
    await host.exec(`${AGENT} resume`);
    // By the live stream: the page is not asked for again.
    await page.locator('.log', { hasNotText: 'Nothing was written yet.' }).waitFor({ timeout: 60_000 });
    await status(page, 'succeeded').waitFor({ timeout: 60_000 });
    await page.locator('#receipts', { hasText: 'recorded' }).waitFor();
    expect(await page.getByRole('button', { name: /^Cancel/ }).count()).toBe(0);
    await gallery.show(page, 'job-followed');
  });

  it('cancels one, which then never begins', async () => {
    const { page } = admin;
    await host.exec(`${AGENT} pause`);
    await runOnRack(page);
    await press(page, /^Cancel system-probe on rack-1/);
    await status(page, 'cancelled').waitFor();
    await gallery.show(page, 'job-cancelled');
    await host.exec(`${AGENT} resume`);
    await runOnRack(page);
    await status(page, 'succeeded').waitFor({ timeout: 60_000 });
    await to('jobs?state=cancelled');
    expect(await page.locator('.job-status', { hasText: 'cancelled' }).count()).toBeGreaterThan(0);
  });

  it('recovers an agent that was killed', async () => {
    const { page } = admin;
    await host.exec('kill -9 $(cat /run/stoa-agent.pid); pkill -9 -u stoa || true');
    await page.goto(`${nodePage}/ssh`);
    // What made it a node stands under a job that knew of no node.
    await page.locator('#uses', { hasText: 'bootstrap' }).waitFor();
    await gallery.show(page, 'node-ssh');
    await page.goto(`${nodePage}/backups`);
    await gallery.show(page, 'node-backups');
    await page.goto(`${nodePage}/ssh`);
    await press(page, 'Recover the agent');
    await page.waitForURL('**/jobs/*');
    await status(page, 'succeeded').waitFor(INSTALLED);
    // It is the same node, in session or about to be.
    expect(await host.exec(`${AGENT} status --json || true`)).toContain(nodePage.split('/').at(-1));
    await page.goto(nodePage);
    await page.locator('.lamp.is-online').first().waitFor({ timeout: 60_000 });
    await runOnRack(page);
    await status(page, 'succeeded').waitFor({ timeout: 60_000 });
  });

  it('is clean by axe on every page, and says nothing in the console', () => {
    expect(gallery.shown.length).toBeGreaterThan(15);
    expect(gallery.faults).toEqual([]);
    expect(admin.faults).toEqual([]);
  });

  /** Ends on the page of the job. */
  async function runOnRack(page: Page, kind: 'system-probe' | 'node-test' = 'system-probe'): Promise<void> {
    await to(`jobs/run?kind=${kind}&q=tag:rack`);
    await press(page, `${kind}: 1 node`);
    await page.waitForURL('**/jobs/batches/*');
    await page.getByRole('link', { name: kind }).click();
    await page.waitForURL(/\/jobs\/[0-9a-f-]+$/);
  }
});
