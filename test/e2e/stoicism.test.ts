/**
 * What a node earns, as its owner meets it in Debian's Chromium on a real hub: an account that is named and proven, a day with
 * a gate closed, the ledger as it is written over a restart, and what everybody may see of it. One story over five hours of
 * one morning: each step needs the ones before it.
 */
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  checkpointKind,
  fromHex,
  GATES,
  MINUTES_MASK,
  type SigningKey,
  seal,
  toHex,
  utf8,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNetwork, type NodeServer, type SimulatedNetwork, serveNode } from '../chainweb/index.ts';
import { axeFaults, openBrowser, openTab, type Tab, violations } from '../kit/browser.ts';
import { openTestHub, type TestHub } from '../kit/hub.ts';
import { freePort } from '../kit/pebble.ts';
import { createRegion, type TestRegion } from '../kit/region.ts';
import { ShiftedClock } from '../kit/shifted-clock.ts';
import { temporaryDirectory } from '../kit/temporary-directory.ts';
import { random } from '../kit/wire-agent.ts';

const ANN = 'ann@stoa.example';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MINUTE = 60_000;
/** From the twentieth minute of an hour to the thirtieth its arguments helped nobody. */
const CLOSED = ((1n << 10n) - 1n) << 20n;

describe('what a node earns', { timeout: 120_000 }, () => {
  const stack = new AsyncDisposableStack();
  const clock = new ShiftedClock();
  const wallet = nodeCrypto.signingKey(random(32));
  const account = `k:${toHex(wallet.publicKey)}`;
  let region: TestRegion;
  let network: SimulatedNetwork;
  let chain: NodeServer;
  let dataDir: string;
  let port: number;
  let hub: TestHub;
  let ann: Tab;
  let browser: Browser;
  let nodeId: string;
  /** Hour in which she names her account: the next one is the first that earns. */
  let named: number;

  beforeAll(async () => {
    // Two in the morning: all of the story is of one day.
    clock.advance(DAY - (clock.now() % DAY) + 2 * HOUR + 5 * MINUTE);
    named = Math.floor(clock.now() / HOUR);
    const { path } = stack.use(await temporaryDirectory());
    // As root the database server runs under another account, which must be able to walk through.
    await chmod(path, 0o711);
    dataDir = join(path, 'hub');
    network = createNetwork({ seed: 1, clock, history: 2, work: 1 });
    [region, chain, browser, port] = await Promise.all([
      createRegion({ clock, random }),
      serveNode(network.addNode()),
      openBrowser(),
      freePort(),
      mkdir(dataDir),
    ]);
    stack.use(region);
    stack.defer(() => chain.close());
    stack.defer(() => browser.close());
    hub = await openHub();
    stack.defer(() => hub[Symbol.asyncDispose]());
    ann = stack.use(await openTab(browser, { baseURL: `http://localhost:${port}`, colorScheme: 'light' }));
    await ann.page.goto(await hub.hub.web.accounts.createLoginLink(ANN));
    await ann.page.getByRole('button', { name: 'Sign in' }).click();
    await ann.page.waitForURL(`**/o/${ANN}/**`);
    const node = await hub.enrol({ owner: ANN, label: 'attic' });
    nodeId = node.nodeId;
    await hub.hub.tickers.run('unpaid-marks');
    // The ledger begins with the hour in which it is looked at first.
    await hub.hub.tickers.run('ledger-close');
    await earned(node.key);
  }, 120_000);
  afterAll(() => stack.disposeAsync());

  const openHub = () =>
    openTestHub({
      ...{ clock, region, network, dataDir, logLevel: 'warn' },
      env: { PORT: String(port), PUBLIC_URL: `http://localhost:${port}`, CHAINWEB_URL: chain.serviceUrl },
    });
  const to = (path: string) => ann.page.goto(`/o/${ANN}/${path}`);
  const main = async () => (await ann.page.locator('main').textContent())!.replaceAll(/\s+/g, ' ');

  /** What both sides left of four hours: as gates and gateway write it, and the node's own word. */
  async function earned(key: SigningKey): Promise<void> {
    const { sql } = hub.database;
    const session = random(16);
    await sql`insert into scores (node_id, version, hub_hour, micro, review_micro, cause, job_id, attempt, baseline_version,
        committed_gb, hash, at)
      values (${nodeId}, 1, ${named}, 1000000, 1000000, 'benchmark', gen_random_uuid(), 1, 0, 0, ${random(32)}, now())`;
    const failures = Buffer.alloc(GATES.length * 8);
    failures.writeBigUInt64BE(CLOSED, GATES.indexOf('argv') * 8);
    for (let hubHour = named + 1, number = 1; number <= 4; hubHour += 1, number += 1) {
      await sql`insert into uptime_words (hub_hour, node_id, epoch, minutes) values (${hubHour}, ${nodeId}, 1, ${MINUTES_MASK})`;
      await sql`insert into gate_words (hub_hour, node_id, epoch, instance_id, session_id, judged, failures)
        values (${hubHour}, ${nodeId}, 1, 'hub-1', ${toHex(session)}, ${MINUTES_MASK}, ${number === 1 ? failures : Buffer.alloc(0)})`;
      const told = {
        ...{ nodeId: fromHex(nodeId), hubHour, minutes: MINUTES_MASK, sessionIds: [session], number },
        ...{ tipsDigest: new Uint8Array(32), inputsDigest: new Uint8Array(32), previous: new Uint8Array(32) },
        ...{ bootId: random(16), uptimeMs: number * HOUR },
      };
      await sql`insert into checkpoints (node_id, hub_hour, number, bytes, stored_at)
        values (${nodeId}, ${hubHour}, ${number}, ${seal(checkpointKind, told, key)}, now())`;
    }
  }

  /** It is sixteen past the hour after the `nth` that earns. */
  async function close(nth: number): Promise<void> {
    clock.advance((named + nth + 1) * HOUR + 16 * MINUTE - clock.now());
    await hub.hub.tickers.run('ledger-close');
  }

  it('is nothing until an account is named, which pages say in amber', async () => {
    const { page } = ann;
    await to('earnings');
    expect(await page.locator('p.warning').textContent()).toContain('no payout account');
    await page.getByRole('link', { name: 'Name an account' }).click();
    await page.getByRole('textbox', { name: 'Account' }).fill(account);
    await page.getByRole('button', { name: 'Pay to this account' }).click();
    await page.locator('#named', { hasText: account.slice(0, 8) }).waitFor();
    expect(await page.locator('.warning').count()).toBe(0);
    await to('earnings');
    expect(await page.locator('p.warning').count()).toBe(0);
  });

  it('goes to an account that its key has signed for', async () => {
    const { page } = ann;
    await to('settings/payout');
    await page.locator('#proofs .warn', { hasText: 'not proven' }).waitFor();
    await page.locator('#proofs').getByRole('link').first().click();
    await page.getByRole('button', { name: 'Make the text' }).click();
    const text = (await page.locator('code[data-payout=text]').textContent())!;
    expect(text).toContain(account);
    const sign = async (key: SigningKey) => {
      await page.getByLabel('Signature').fill(toHex(key.sign(utf8(text))));
      await page.getByRole('button', { name: 'Check it' }).click();
    };
    await sign(nodeCrypto.signingKey(random(32)));
    await page.getByText('No signature of this text holds').first().waitFor();
    await sign(wallet);
    await page.locator('#proof', { hasText: 'Proven' }).waitFor();
    expect(await axeFaults(page)).toEqual([]);
  });

  it('is less by each minute in which a gate was closed, which is told with what it cost', async () => {
    const { page } = ann;
    await close(1);
    await to(`nodes/${nodeId}/earnings`);
    const cost = page.locator('#waterfall tr.is-cost', { hasText: 'gate 6' });
    expect(await cost.locator('td.num').allTextContents()).toEqual(['−10', '−0.6', '10 min']);
    expect(await main()).toMatch(/03:20 to 03:29/);
    expect(await axeFaults(page)).toEqual([]);
  });

  it('is followed as it is written: nothing is left out or comes twice over a restart of the hub', async () => {
    const { page } = ann;
    await to('earnings');
    const lines = page.locator('#earned-feed > li');
    await expect.poll(() => lines.count()).toBe(1);
    await close(2);
    await expect.poll(() => lines.count()).toBe(2);

    await hub[Symbol.asyncDispose]();
    hub = await openHub();
    // Before the page is there again: it asks for what came after the last that it has.
    await close(3);
    await expect.poll(() => lines.count()).toBe(3);
    await close(4);
    await expect.poll(() => lines.count()).toBe(4);
    const written = await hub.database.sql<{ sequence: number }[]>`
      select sequence from stoicism_events where owner_email = ${ANN} order by sequence desc`;
    const ids = await lines.evaluateAll((all) => all.map(({ id }) => id));
    expect(ids).toEqual(written.map(({ sequence }) => `event-${sequence}`));
    expect(await main()).toMatch(/Current13\.8/);
    expect([await violations(page), await axeFaults(page)]).toEqual([[], []]);
  });

  it('is verified in her own browser, from the receipt of an hour to the root that the region published', async () => {
    const { page } = ann;
    await hub.hub.tickers.run('receipt-sealer');
    await to(`nodes/${nodeId}/receipts/${named + 1}`);
    expect(await page.locator('#paid').textContent()).toContain('3, for 50 minutes at a score of 1.000000');
    expect(await page.locator('#words').textContent()).toContain('Failed gate 6, argv');
    await page.getByRole('link', { name: 'Verify it here' }).click();
    const verdict = page.locator('.verified');
    // As far as the file goes: her node's own log is with the node.
    await expect.poll(() => verdict.getAttribute('data-verdict')).toBe('partly');
    expect(await verdict.locator('.is-differs').count()).toBe(0);
    expect(await violations(page)).toEqual([]);
  });

  it('stands on a list for everybody, by account and never by e-mail', async () => {
    await hub.hub.tickers.run('rich-list');
    await using visitor = await openTab(browser, { baseURL: `http://localhost:${port}` });
    const { page, faults } = visitor;
    await page.goto('/explorer/rich');
    const row = page.getByRole('row', { name: new RegExp(account.slice(0, 10)) });
    expect(await row.textContent()).toContain('13.8');
    for (const path of ['/explorer/rich', '/explorer/rich.json', '/explorer/rich.csv']) {
      const answer = await page.request.get(path);
      expect([path, (await answer.text()).includes('@')]).toEqual([path, false]);
    }
    expect([await axeFaults(page), faults]).toEqual([[], []]);
  });
});
