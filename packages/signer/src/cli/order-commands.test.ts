import {
  formatOrderDraft,
  fromBase64Url,
  fromHex,
  merkleRoot,
  type Order,
  open,
  orderKind,
  utf8,
} from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { describe, expect, test } from 'vitest';
import { ceremony, Terminal } from '#cli/terminal.fixture.ts';
import { START } from '#region.fixture.ts';

const UNLOCK = ['--key-file', '/unlock'];
const EU = ['--dir', '/eu', ...UNLOCK];

describe("an admin's key", () => {
  test('is listed once the admin tells its fingerprint, and by nobody else’s', async () => {
    const terminal = await ceremony();
    const { publicKey, fingerprint } = await terminal.json(
      'owner-key',
      'init',
      '--file',
      '/ann.key',
      ...UNLOCK,
    );
    const add = ['admin-key', 'add', ...EU, '--admin', 'Ann@x.example', '--public-key', String(publicKey)];
    expect((await terminal.run(...add)).text).toContain('--fingerprint is missing');
    const lie = await terminal.run(...add, '--fingerprint', 'ab'.repeat(32));
    expect(lie).toMatchObject({ code: 2, text: expect.stringContaining('nothing was listed') });
    expect(await terminal.json('admin-key', 'list', '--dir', '/eu')).toEqual({ admins: [] });
    const said = String(fingerprint).toUpperCase().replaceAll(/.{8}/g, '$& ');
    terminal.answers = [said];
    expect((await terminal.run(...add)).code).toBe(0);
    expect(await terminal.json('admin-key', 'list', '--dir', '/eu')).toEqual({
      admins: [{ admin: 'ann@x.example', publicKey, fingerprint, addedAt: new Date(START).toISOString() }],
    });
    expect((await terminal.run('verify', '--dir', '/eu')).code).toBe(0);
    await terminal.json('admin-key', 'remove', ...EU, '--admin', 'ann@x.example');
    expect(await terminal.json('admin-key', 'list', '--dir', '/eu')).toEqual({ admins: [] });
    const again = await terminal.run('admin-key', 'remove', ...EU, '--admin', 'ann@x.example');
    expect(again.text).toContain('[admin_key_not_listed]');
    expect((await terminal.run(...add.slice(0, -1), `01${'00'.repeat(31)}`)).code).toBe(2);
  });
});

describe('an order', () => {
  const params = '{"action":"restart"}';
  const nodes = [fromHex('01'.repeat(32)), fromHex('02'.repeat(32))];
  const draftFor = (publicKey: unknown): Order => ({
    orderId: new Uint8Array(16).fill(9),
    region: 'eu',
    kind: 'stoachain-control',
    paramsHash: nodeCrypto.hash(utf8(params)),
    nodes: merkleRoot(nodes, nodeCrypto.hash),
    nodeCount: 2,
    maxAttempts: 1,
    signer: 'ann@x.example',
    signerKey: fromHex(String(publicKey)),
    issuedAt: START,
    expiresAt: START + 3_600_000,
  });

  test('is signed from its draft after it was told in words, and no other', async () => {
    const terminal = new Terminal();
    const { publicKey } = await terminal.json('owner-key', 'init', '--file', '/ann.key', ...UNLOCK);
    const order = draftFor(publicKey);
    await terminal.disk.writeAtomic('/draft', formatOrderDraft({ order, params, nodes }));
    const sign = ['owner-key', 'sign-order', '--file', '/ann.key', '--order', '/draft', ...UNLOCK];
    const { code, text } = await terminal.run(...sign);
    expect([code, text]).toEqual([
      0,
      expect.stringMatching(/^Do +stoachain-control.*\nWith +action=restart\nOn +2 nodes/),
    ]);
    const sealed = fromBase64Url(text.trim().split('\n').at(-1)!);
    expect(open(orderKind, sealed, nodeCrypto, order.signerKey)).toEqual(order);

    await terminal.disk.writeAtomic('/draft', formatOrderDraft({ order, params, nodes: nodes.slice(1) }));
    expect(await terminal.run(...sign)).toMatchObject({
      code: 1,
      text: expect.stringContaining('nothing is signed'),
    });
    const other = draftFor('ab'.repeat(32));
    await terminal.disk.writeAtomic('/draft', formatOrderDraft({ order: other, params, nodes }));
    expect(await terminal.run(...sign)).toMatchObject({
      code: 2,
      text: expect.stringContaining('is to be signed by'),
    });
    expect((await terminal.run(...sign.slice(0, 5), '/none', ...UNLOCK)).text).toContain('[file_missing]');
  });
});
