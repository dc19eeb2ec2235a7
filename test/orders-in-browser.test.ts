/** An order in a browser: its key made there, what it says read there, signed there, and what the hub then carries. */

import { randomBytes } from 'node:crypto';
import { systemClock } from '@stoa/hub';
import { createOrders } from '@stoa/hub/orders';
import { open, orderKind, toHex, verifyOrder } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFaults, openBrowser, openTab, overflow, type Tab, violations } from './kit/browser.ts';
import { type ConsoleWorld, openConsoleWorld } from './kit/console-world.ts';

const LIGHT = { colorScheme: 'light', viewport: { width: 1280, height: 900 } } as const;
const DARK = { colorScheme: 'dark', viewport: { width: 390, height: 844 } } as const;
const ADMIN = 'admin@stoa.example';
const RUN = '/jobs/run?kind=stoachain-control&q=label:node-000003&p.action=restart';

describe('an order in a browser', { timeout: 60_000 }, () => {
  let world: ConsoleWorld;
  let browser: Browser;
  let cookie: string;
  let node: string;

  beforeAll(async () => {
    [world, browser] = await Promise.all([openConsoleWorld({ nodes: 5 }), openBrowser()]);
    cookie = await world.signIn();
    node = await world.nodeId('node-000003');
    await world.sql`update nodes set owner = ${ADMIN}, refused_at = null, quarantined_at = null, retired_at = null
      where node_id = ${node}`;
    await world.sql`insert into node_work (node_id, kinds, runs, policy, site, said_at)
      values (${node}, '{stoachain-control}', '{stoachain-control}', '', '', now())`;
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await world.close();
  });

  const tab = (options: Parameters<typeof openTab>[1] = {}): Promise<Tab> =>
    openTab(browser, { baseURL: world.url, cookie, ...LIGHT, ...options });

  it('is signed by the key of this browser, and ordered is what the page said', async () => {
    await using visitor = await tab();
    const { page, faults } = visitor;
    await page.goto('/settings/owner-key');
    await page.getByRole('button', { name: 'Make a key here' }).click();
    await page.getByText('Send the form').waitFor();
    await page.getByRole('button', { name: 'This is my key' }).click();
    await page.getByText('Its private half is in this browser.').waitFor();

    await page.goto(RUN);
    await page.getByRole('button', { name: 'Write the order, and sign it' }).click();
    await page.getByText('action=restart').waitFor();
    await page.getByText("1 node of region 'eu'").waitFor();
    await page.getByRole('button', { name: 'Sign it here' }).click();
    await page.getByText('Signed. Send the form').waitFor();
    expect([await axeFaults(page), await overflow(page), await violations(page)]).toEqual([[], 0, []]);
    await page.getByRole('button', { name: 'Give the order' }).click();
    await page.getByText('The order is signed.').waitFor();
    await page.getByRole('button', { name: /^stoachain-control: 1 node/ }).click();
    await page.waitForURL(/\/jobs\/batches\//);
    expect(faults).toEqual([]);

    const [row] = await world.sql<
      { sealed: Uint8Array; key: Uint8Array; params: string; ordered: string }[]
    >`select o.sealed, k.public_key as key, o.params, b.order_id as ordered from orders o
      join owner_keys k on k.owner = o.signer join job_batches b on replace(b.order_id::text, '-', '') = replace(o.order_id::text, '-', '')`;
    const { sealed, key, params, ordered } = row!;
    const order = open(orderKind, sealed, nodeCrypto, key);
    expect(toHex(order.orderId)).toBe(ordered.replaceAll('-', ''));
    expect(order).toMatchObject({ kind: 'stoachain-control', region: 'eu', nodeCount: 1, signer: ADMIN });

    // What the hub would carry to the node holds there.
    const orders = createOrders({
      sql: world.sql,
      region: 'eu',
      clock: systemClock,
      random: randomBytes,
      crypto: nodeCrypto,
    });
    const carried = (await orders.carried({ sealed: new Uint8Array(sealed) }, [node])).get(node)!;
    const job = { nodeId: Buffer.from(node, 'hex'), kind: 'stoachain-control', params, attempt: 1 };
    const policy = {
      root: new Uint8Array(32),
      region: 'eu',
      timeFloor: order.issuedAt,
      ownerKey: new Uint8Array(key),
    };
    expect(verifyOrder(carried, job, { policy, crypto: nodeCrypto }).by).toBe('owner');
  });

  it.each([
    ['without a script', { ...LIGHT, javaScriptEnabled: false }],
    ['on a phone, in the dark', DARK],
  ])('is read and taken away %s, where the key is not', async (_name, options) => {
    await using visitor = await tab(options);
    const { page } = visitor;
    await page.goto(RUN);
    await page.getByRole('button', { name: 'Write the order, and sign it' }).click();
    await page.getByText('action=restart').waitFor();
    expect(await page.getByRole('button', { name: 'Sign it here' }).isVisible()).toBe(false);
    const downloading = page.waitForEvent('download');
    await page.getByRole('link', { name: /^order-[0-9a-f]{8}\.json$/ }).click();
    expect((await downloading).suggestedFilename()).toMatch(/^order-[0-9a-f]{8}\.json$/);
    await page.getByLabel('Signed order').fill('A'.repeat(300));
    await page.getByRole('button', { name: 'Give the order' }).click();
    await page.getByText('is not signed by the key in force').first().waitFor();
  });
});
