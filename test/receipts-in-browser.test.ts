/** Receipts in a browser: what a region published, a file that is verified there, and a node's own by its link. */
import { decodeExact, peek, provenReceipt, receiptRootKind, settledReceipt, toHex } from '@stoa/protocol';
import { makeEvidence, makeParties, NOW } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { formatEvidenceFile, verifyEvidence } from '@stoa/protocol/stoicism';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { axeFaults, openBrowser, openTab, overflow, type Tab, violations } from './kit/browser.ts';
import { type ConsoleWorld, openConsoleWorld } from './kit/console-world.ts';

const PHONE = { colorScheme: 'dark', viewport: { width: 390, height: 844 } } as const;

describe('receipts in a browser', { timeout: 60_000 }, () => {
  // The keys of the console's own hub.
  const parties = makeParties('console');
  const honest = makeEvidence(parties, { hours: 2, others: 0 });
  let world: ConsoleWorld;
  let browser: Browser;

  beforeAll(async () => {
    [world, browser] = await Promise.all([openConsoleWorld({ nodes: 0 }), openBrowser()]);
    await settle(world, honest.file);
  }, 120_000);
  afterAll(async () => {
    await browser.close();
    await world.close();
  });

  const tab = (options: Parameters<typeof openTab>[1] = {}): Promise<Tab> =>
    openTab(browser, { baseURL: world.url, ...options });

  it('verifies a file that never leaves the browser, to the same findings as on the node', async () => {
    await using visitor = await tab();
    const { page, faults } = visitor;
    const sent: string[] = [];
    page.on('request', (request) => sent.push(`${request.method()} ${new URL(request.url()).pathname}`));
    await page.goto('/explorer/receipts');
    await page.getByRole('link', { name: 'Verify what a node earned' }).click();
    sent.length = 0;
    await verify(page, formatEvidenceFile(honest.file));
    await page.getByText('2 hours match.').waitFor();
    const hours = honest.file.hours.map(({ hubHour }) => `GET /explorer/receipts/${hubHour}.json`);
    const asked = sent.filter((one) => !one.startsWith('GET /assets/'));
    expect(asked.toSorted()).toEqual(hours.toSorted());
    const rootFingerprint = nodeCrypto.hash(parties.chain.root);
    const { published } = honest;
    const told = [...verifyEvidence(honest.file, { rootFingerprint, published }, nodeCrypto)];
    expect((await texts(page)).toSorted()).toEqual(
      told.flatMap(({ findings }) => findings.map(({ text }) => text)).toSorted(),
    );
    expect([await axeFaults(page), await violations(page), faults]).toEqual([[], [], []]);
  });

  it('names the hour and the minutes where a region lied, a root that was not published, a file that is none, and another root', async () => {
    await using visitor = await tab(PHONE);
    const { page } = visitor;
    const lie = makeEvidence(parties, {
      hours: 1,
      settle: (one) => ({ ...one, gateFailures: one.gateFailures.with(5, 0b1110_0000n) }),
    });
    await page.goto('/explorer/receipts/verify');
    await verify(page, formatEvidenceFile(lie.file));
    await page.getByText('Differs in 1 hour').waitFor();
    const said = (await texts(page)).join('\n');
    expect(said).toContain('gate argv is said to have failed in minutes 5-7');
    expect(said).toContain('signed roots that exclude each other');
    expect([await overflow(page), await violations(page)]).toEqual([0, []]);
    await verify(page, '{"format":"stoa-evidence-9"}');
    await page.getByText('another program wrote it, or a newer one').waitFor();
    await page.getByLabel('Fingerprint of the root').fill('ab'.repeat(32));
    await verify(page, formatEvidenceFile(honest.file));
    await page.getByText(`${'ab'.repeat(32)} is trusted`).waitFor();
    expect(await page.locator('#verdict').isVisible()).toBe(false);
  });

  it('leads from a node’s hour to its receipt, and from there to its verification', async () => {
    const nodeId = toHex(parties.nodeId);
    const { hubHour } = honest.file.hours[0]!;
    await using visitor = await tab({ cookie: await world.signIn(), ...PHONE });
    const { page, faults } = visitor;
    await page.goto(`/nodes/${nodeId}/receipts/${hubHour}`);
    expect(await page.locator('#words').textContent()).toContain('Failed gate 7, serving');
    expect([await axeFaults(page), await overflow(page)]).toEqual([[], 0]);
    await page.getByRole('link', { name: 'Verify it here' }).click();
    await page.getByText('1 hour matches as far as the file goes.').waitFor();
    expect([await violations(page), faults]).toEqual([[], []]);
    const stranger = await world.signIn('stranger@stoa.example');
    await world.sql`update users set tier = 'operator' where email = 'stranger@stoa.example'`;
    for (const path of [`${hubHour}`, `${hubHour}.json`, `${hubHour}/verify`]) {
      const answer = await fetch(`${world.url}/nodes/${nodeId}/receipts/${path}`, {
        headers: { cookie: stranger },
      });
      expect([path, answer.status]).toEqual([path, 404]);
    }
  });
});

async function verify(page: Page, file: string): Promise<void> {
  await page.getByLabel('File', { exact: true }).setInputFiles({
    name: 'day.json',
    mimeType: 'application/json',
    buffer: Buffer.from(file),
  });
  await page.getByRole('button', { name: 'Verify' }).click();
}

/** Sentences of all findings. */
function texts(page: Page): Promise<string[]> {
  return page.locator('.finding-text').allTextContents();
}

/** As the ledger and the sealer leave them. */
async function settle({ sql }: ConsoleWorld, file: ReturnType<typeof makeEvidence>['file']): Promise<void> {
  const nodeId = toHex(file.nodeId);
  await sql`insert into nodes (node_id, label, owner, region, public_key, node_cert, created_at)
    values (${nodeId}, 'node-with-receipts', 'ann@stoa.example', 'eu', '\\x00', '\\x00', ${new Date(NOW - 86_400_000)})`;
  for (const [i, { hubHour, checkpoint, receipts, settled }] of file.hours.entries()) {
    const proven = decodeExact(provenReceipt, settled[0]!);
    const { revision } = decodeExact(settledReceipt, proven.body);
    await sql`insert into checkpoints (node_id, hub_hour, number, bytes, stored_at)
      values (${nodeId}, ${hubHour}, ${i}, ${Buffer.from(checkpoint!)}, now())`;
    await sql`insert into receipts (node_id, hub_hour, number, bytes, stored_at)
      values (${nodeId}, ${hubHour}, ${i}, ${Buffer.from(receipts[0]!)}, now())`;
    await sql`insert into settled_receipts (hub_hour, node_id, revision, pass, body)
      values (${hubHour}, ${nodeId}, ${revision}, 0, ${Buffer.from(proven.body)})`;
    await sql`insert into receipt_roots (hub_hour, pass, mode, reset_sequence, number, count, sealed, region, instance, sealed_at)
      values (${hubHour}, 0, 'live', 7, ${i + 1}, 1, ${Buffer.from(proven.root)}, ${Buffer.from(proven.region)},
        ${Buffer.from(proven.instance)}, now())`;
    // One subtree, whose root is that of the tree.
    const { root } = peek(receiptRootKind, proven.root);
    const first = Buffer.concat([file.nodeId, Uint8Array.of(revision >> 8, revision & 0xff)]);
    await sql`insert into receipt_tops (hub_hour, pass, roots, firsts)
      values (${hubHour}, 0, ${Buffer.from(root)}, ${first})`;
  }
}
