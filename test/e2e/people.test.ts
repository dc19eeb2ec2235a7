/**
 * Everything that people do with a hub, in Debian's Chromium, on real servers: from its first start to an alert that
 * came and went. One story: each step needs the ones before it. Pictures of every page go to test/screenshots.
 */
import type { ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Tab } from '../kit/browser.ts';
import { hubCommand } from '../kit/hub-command.ts';
import { runScript } from '../kit/install-script.ts';
import { Gallery } from './gallery.ts';
import { linkIn } from './mail-sink.ts';
import { Stage } from './stage.ts';
import { totp } from './totp.ts';

const ANN = { email: 'ann@stoa.example', password: 'a columned walk in athens' };
const WORK = { email: 'ann@work.example', password: 'another walk with columns' };
/** After five of silence a node is offline. */
const SIX_MINUTES = 6 * 60_000;
/** What is well again for one is told. */
const TWO_MINUTES = 2 * 60_000;

describe('a hub and its people', { timeout: 180_000 }, () => {
  const gallery = new Gallery();
  let stage: Stage;
  let admin: Tab;
  let ann: Tab;
  let agent: ChildProcess;
  let nodePage: string;
  const prefix = () => join(stage.directory, 'node-1');

  beforeAll(async () => {
    stage = await Stage.open();
    [admin, ann] = [await stage.tab(), await stage.tab()];
  }, 180_000);
  afterAll(async () => {
    await admin?.[Symbol.asyncDispose]();
    await ann?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first().click();

  async function inScope(page: Page, email: string): Promise<void> {
    await page.waitForURL(`**/o/${email}/**`);
    expect(await page.locator('.account-email').textContent()).toBe(email);
  }

  async function signUp(page: Page, { email, password }: typeof ANN): Promise<void> {
    await page.goto('/sign-up');
    await page.getByLabel('E-mail').fill(email);
    await press(page, 'Send me a link');
    await page.getByRole('heading', { name: 'Look into your e-mail' }).waitFor();
    const letter = await stage.mail.letter(email, /reset/);
    await page.goto(linkIn(letter));
    await page.getByLabel('New password').fill(password);
    await press(page, 'Set it');
    await page.getByLabel('E-mail').fill(email);
    await page.getByLabel('Password').fill(password);
    await press(page, 'Sign in');
    await inScope(page, email);
  }

  it('starts with the link that it prints, which makes its first admin', async () => {
    const { page } = admin;
    await page.goto('/sign-in');
    await gallery.show(page, 'sign-in');
    await page.goto(await stage.firstLink());
    await gallery.show(page, 'first-link');
    await press(page, 'Sign in');
    await inScope(page, 'admin@stoa.local');
    await gallery.show(page, 'overview-empty');
  });

  it('lets an operator make an account, by the link in the e-mail', async () => {
    const { page } = ann;
    await page.goto('/sign-up');
    await gallery.show(page, 'sign-up');
    await signUp(page, ANN);
  });

  it('lets her sign in by a passkey from then on', async () => {
    const { page } = ann;
    const browser = await page.context().newCDPSession(page);
    await browser.send('WebAuthn.enable');
    await browser.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });
    await page.goto('/settings/security');
    await gallery.show(page, 'security');
    await press(page, 'Add a passkey');
    await page.getByRole('button', { name: 'Remove This device' }).waitFor();
    await signOut(page);
    await page.goto('/sign-in');
    await press(page, 'Use a passkey');
    await inScope(page, ANN.email);
  });

  it('lets her add a second step, which the password alone does not pass', async () => {
    const { page } = ann;
    await page.goto('/settings/security');
    const step = page.locator('#totp');
    await step.getByLabel('Password').fill(ANN.password);
    await press(page, 'Set up an authenticator app');
    const secret = (await page.locator('.secret-once code').first().textContent())!;
    await gallery.show(page, 'second-step');
    await page.getByLabel('Code that the app shows now').fill(totp(secret, stage.clock.now()));
    await press(page, 'Turn it on');
    await page.getByText('on: a code of your app').waitFor();
    await signOut(page);
    await page.goto('/sign-in');
    await page.getByLabel('E-mail').fill(ANN.email);
    await page.getByLabel('Password').fill(ANN.password);
    await press(page, 'Sign in');
    await page.getByLabel('Code').waitFor();
    await gallery.show(page, 'sign-in-code');
    await page.getByLabel('Code').fill(totp(secret, stage.clock.now() + 30_000));
    await press(page, 'Go on');
    await inScope(page, ANN.email);
  });

  it('holds a second e-mail beside the first, and one of them in scope', async () => {
    const { page } = ann;
    await page.goto('/sign-in?add');
    await signUp(page, WORK);
    await page.locator('details.scope summary').click();
    await page.getByRole('link', { name: ANN.email }).click();
    await inScope(page, ANN.email);
    const foreign = await page.request.get('/o/nobody@stoa.example/fleet', {
      headers: { accept: 'text/html' },
    });
    expect(foreign.status()).toBe(404);
  });

  it('lets a node in by the real command, and shows it come alive', async () => {
    const { page } = ann;
    await page.goto(`/o/${ANN.email}/join`);
    await gallery.show(page, 'join');
    await page.getByRole('textbox', { name: 'Name' }).fill('home-1');
    await page.getByRole('textbox', { name: 'Tags' }).fill('home');
    await press(page, 'Make the command');
    const command = (await page.locator('#command').textContent())!.trim();
    await gallery.show(page, 'join-command');
    const [, address, token] = /^curl -fsS (\S+) \| sudo sh -s -- (stoa1_\S+)$/.exec(command) ?? [];
    const script = await (await fetch(address!)).text();
    const ended = await runScript(['sh'], { script, args: ['--prefix', prefix(), '--no-service', token!] });
    expect(ended).toMatchObject({ code: 0 });
    agent = await stage.startAgent(prefix());
    for (const title of ['Joined', 'First heartbeat', 'Tips of its chains'])
      await page
        .locator('.checklist-panel > .checklist > li', { hasText: title })
        .getByText('Done', { exact: true })
        .waitFor({ timeout: 60_000 });
    await gallery.show(page, 'join-done');
    await page.goto(`/o/${ANN.email}/nodes?q=label:home-1`);
    await page.getByRole('link', { name: 'home-1' }).click();
    await page.waitForURL('**/nodes/*');
    nodePage = page.url();
    await page.locator('.lamp.is-online').first().waitFor({ timeout: 60_000 });
    expect(await page.locator('h1').textContent()).toContain('home-1');
  });

  it('tells by e-mail and webhook when it breaks, and when it is well again', async () => {
    const { page } = ann;
    await page.goto(`/o/${ANN.email}/alerts/channels`);
    await gallery.show(page, 'alert-channels');
    await addWebhook(page);
    agent.kill('SIGKILL');
    stage.clock.advance(SIX_MINUTES);
    await stage.evaluateAlerts();
    await stage.mail.letter(ANN.email, /home-1[\s\S]*offline/i);
    expect((await stage.webhook.delivery(/home-1/)).body).toContain('offline');
    await page.goto(`/o/${ANN.email}/alerts`);
    await gallery.show(page, 'alerts');
    agent = await stage.startAgent(prefix());
    await page.goto(nodePage);
    await page.locator('.lamp.is-online').first().waitFor({ timeout: 60_000 });
    await stage.passHeard(nodePage.split('/').at(-1)!, TWO_MINUTES);
    await stage.mail.letter(ANN.email, /Recovered[\s\S]*home-1/i);
  });

  it('runs a job on all that match, and shows how it goes and what the node signed', async () => {
    const { page } = ann;
    await page.goto(`/o/${ANN.email}/jobs`);
    await gallery.show(page, 'jobs-none');
    await page.goto(`/o/${ANN.email}/jobs/run?kind=system-probe&q=tag:home`);
    await gallery.show(page, 'job-plan');
    await press(page, 'system-probe: 1 node');
    await page.waitForURL('**/jobs/batches/*');
    await page.locator('.job-status .is-online').waitFor({ timeout: 60_000 });
    await page.getByText('Cancel all that is not over').waitFor({ state: 'detached', timeout: 60_000 });
    await gallery.show(page, 'job-batch');
    await page.getByRole('link', { name: 'system-probe' }).click();
    await page.getByText('recorded').waitFor();
    await gallery.show(page, 'job');
    for (const path of ['jobs', 'jobs/kinds', 'jobs/queue']) {
      const answer = await page.goto(`/o/${ANN.email}/${path}`);
      expect([path, answer?.status()]).toEqual([path, 200]);
      await gallery.show(page, path.replaceAll('/', '-'));
    }
  });

  it('shows every page of a node', async () => {
    const { page } = ann;
    for (const tab of ['', '/chains', '/config', '/session', '/access', '/audit', '/jobs', '/ssh']) {
      await page.goto(`${nodePage}${tab}`);
      await gallery.show(page, `node${tab.replace('/', '-')}`);
      expect(await page.locator('h1').textContent()).toContain('home-1');
    }
  });

  it('tags all that match at once, after it has said which', async () => {
    const { page } = ann;
    await page.goto(`/o/${ANN.email}/nodes?q=tag:home`);
    await gallery.show(page, 'nodes');
    await bulkTag(page, 'winter');
    await page.goto(`/o/${ANN.email}/nodes?q=tag:winter`);
    expect(await page.getByRole('link', { name: 'home-1' }).count()).toBe(1);
  });

  it('shows every other page', async () => {
    for (const [tab, scope, paths] of [
      [
        ann,
        ANN.email,
        ['fleet', 'audit', 'alerts/rules', 'settings/api-keys', 'settings/owner-key', 'tokens'],
      ],
      [
        admin,
        'admin@stoa.local',
        ['fleet', 'admin/fleet', 'admin/releases', 'admin/system', 'admin/announcements', 'admin/accounts'],
      ],
    ] as const)
      for (const path of paths) {
        const answer = await tab.page.goto(`/o/${scope}/${path}`);
        expect([path, answer?.status()]).toEqual([path, 200]);
        await gallery.show(tab.page, `${scope.split('@')[0]}-${path.replaceAll('/', '-')}`);
      }
    const visitor = await stage.tab();
    for (const path of ['/', '/status', '/explorer/nodes']) {
      await visitor.page.goto(path);
      await gallery.show(visitor.page, `public${path.replaceAll('/', '-')}`);
    }
    await visitor[Symbol.asyncDispose]();
  });

  it('exports what was done as a file that verifies', async () => {
    const { page } = admin;
    const exported = await page.request.get('/o/admin@stoa.local/audit/export');
    expect(exported.status()).toBe(200);
    const file = join(stage.directory, 'audit.jsonl.gz');
    await writeFile(file, await exported.body());
    await verifyAudit(file);
  });

  it('is clean by axe on every page, and says nothing in the console', () => {
    expect(gallery.shown.length).toBeGreaterThan(60);
    expect(gallery.faults).toEqual([]);
    expect([...admin.faults, ...ann.faults]).toEqual([]);
  });

  async function signOut(page: Page): Promise<void> {
    await page.locator('details.scope summary').click();
    await press(page, /^Sign out/);
    await page.waitForURL('**/sign-in*');
  }

  async function addWebhook(page: Page): Promise<void> {
    await page.locator('summary', { hasText: 'Webhook' }).first().click();
    await page.getByLabel('Address of the webhook').fill(stage.webhook.url);
    await press(page, /^Add webhook/i);
    await page.getByText('signed with this key, shown this once').waitFor();
    await gallery.show(page, 'alert-channel-made');
    await press(page, /Send test to.*127\.0\.0\.1/);
    const { headers, body } = await stage.webhook.delivery(/"kind":"test"/);
    expect(headers['stoa-signature']).toMatch(/^v1=[0-9a-f]{64}$/);
    expect(JSON.parse(body)).toMatchObject({ kind: 'test' });
  }

  async function bulkTag(page: Page, tag: string): Promise<void> {
    await page.locator('summary', { hasText: 'Act on nodes' }).first().click();
    await page.locator('#bulk-tag').fill(tag);
    await page.locator('button[name=of][value=all]').click();
    await gallery.show(page, 'bulk');
    await press(page, /^Add tag/);
    await page.waitForURL('**/nodes*');
  }

  async function verifyAudit(file: string): Promise<void> {
    const root = Buffer.from(stage.hub.region.rootFingerprint).toString('hex');
    const verified = await hubCommand({}, 'audit', 'verify', file, '--root', root, '--json');
    expect(verified).toMatchObject({ code: 0 });
    expect(verified.json()).toMatchObject({ ok: true, rootChecked: true });
  }
});
