import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFaults, openBrowser, openTab, violations } from './kit/browser.ts';
import { type ConsoleWorld, openConsoleWorld } from './kit/console-world.ts';

const PASSWORD = 'a stoa has ten columns';
const ANN = 'ann@stoa.example';

describe('accounts in a browser', () => {
  let world: ConsoleWorld;
  let browser: Browser;

  beforeAll(async () => {
    // A passkey belongs to a name, never to an address.
    [world, browser] = await Promise.all([openConsoleWorld({ nodes: 20, host: 'localhost' }), openBrowser()]);
    await world.signIn();
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await world.close();
  });

  it('signs up, adds a passkey, signs in by it, confirms by it, and switches between two accounts', async () => {
    await using visitor = await openTab(browser, { baseURL: world.url });
    const { page, faults } = visitor;
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    await devtools.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        protocol: 'ctap2',
        transport: 'internal',
        hasResidentKey: true,
        hasUserVerification: true,
        isUserVerified: true,
        automaticPresenceSimulation: true,
      },
    });

    await page.goto('/sign-up');
    await page.getByLabel('E-mail').fill(ANN);
    await page.getByRole('button', { name: 'Send me a link' }).click();
    expect(await page.textContent('h1')).toBe('Look into your e-mail');
    await expect.poll(() => world.mails.length).toBe(1);
    await page.goto(/https?:\/\/\S+/.exec(world.mails[0]!.text)![0]);
    await page.getByLabel('New password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Set it' }).click();
    await page.waitForURL('**/sign-in?**');
    await page.getByLabel('E-mail').fill(ANN);
    await page.getByLabel('Password').fill(PASSWORD);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.waitForURL(`**/o/${ANN}/fleet`);

    await page.goto('/settings/security');
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await expect.poll(() => page.locator('#passkeys .rows').textContent()).toContain('This device');
    expect([await axeFaults(page), await violations(page)]).toEqual([[], []]);

    await page.locator('.scope summary').click();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('**/sign-in');
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.waitForURL(`**/o/${ANN}/fleet`);

    // What needs a proof of presence asks for it once that is old, and leads back.
    await world.sql`update user_sessions set created_at = now() - interval '10 minutes'`;
    world.web.accounts.sessions.forget();
    await page.goto('/settings/security');
    await page.getByRole('button', { name: 'Remove This device' }).click();
    await page.waitForURL(`**/o/${ANN}/confirm?next=*`);
    await page.getByRole('button', { name: 'Confirm by passkey' }).click();
    await page.waitForURL(`**/o/${ANN}/settings/security`);
    await page.getByRole('button', { name: 'Remove This device' }).click();
    await expect.poll(() => page.locator('#passkeys').textContent()).toContain('No passkey yet');

    await page.goto(await world.web.accounts.createLoginLink('admin@stoa.example'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.waitForURL('**/o/admin@stoa.example/fleet');
    expect(await page.locator('.pulse').textContent()).toContain('20');
    await page.locator('.scope summary').click();
    await page.getByRole('link', { name: ANN }).click();
    await page.waitForURL(`**/o/${ANN}/fleet`);
    // An Operator sees what is theirs: nothing yet.
    expect(await page.locator('.pulse').textContent()).toMatch(/^\s*0/);
    expect((await page.request.get(`/o/${ANN}/admin/accounts`)).status()).toBe(404);
    expect((await page.request.get('/o/admin@stoa.example/admin/accounts')).status()).toBe(200);
    const nodeId = await world.nodeId('node-000001');
    expect((await page.request.get(`/o/${ANN}/nodes/${nodeId}`)).status()).toBe(404);
    expect((await page.request.get(`/o/${ANN}/events?row=${nodeId}`)).status()).toBe(404);
    expect(faults.filter((fault) => !fault.includes('404'))).toEqual([]);
  });
});
