import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  concat,
  formatOrderDraft,
  fromBase64Url,
  fromHex,
  merkleRoot,
  open,
  orderKind,
  utf8,
  verifyOwnerKeyChange,
} from '@stoa/protocol';
import { formatHeader, sealHeader, sealPieces } from '@stoa/protocol/archive';
import { nodeCrypto } from '@stoa/protocol/node';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addKeyCommands } from './key.ts';

let directory: string;
let asked: string[] = [];
beforeEach(async () => {
  asked = [];
  directory = await mkdtemp(join(tmpdir(), 'stoa-key-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function run(...args: string[]): Promise<string> {
  const printed: string[] = [];
  const root = new Command('stoa-hub').exitOverride();
  const ask = (text: string) => void asked.push(text);
  addKeyCommands(root, () => ({ json: false, out: (text) => void printed.push(text), ask }));
  await root.parseAsync(['key', ...args], { from: 'user' });
  return printed.join('\n');
}

const publicKeyOf = (text: string) => /public key {3}([0-9a-f]{64})/.exec(text)![1]!;

it("makes an owner's key, shows it, and signs the change to the next as the console asks for", async () => {
  const [held, next] = ['owner.key', 'next.key'].map((name) => join(directory, name)) as [string, string];
  const unlock = ['--key-file', join(directory, 'unlock')];
  const made = await run('init', '--out', held, ...unlock);
  expect(made).toContain(`Copy ${held} to a second place`);
  const shown = await run('show', '--file', held);
  expect(publicKeyOf(shown)).toBe(publicKeyOf(made));
  const nextKey = publicKeyOf(await run('init', '--out', next, ...unlock));
  const to = ['--owner', 'a@x.example', '--region', 'eu', '--serial', '2', '--next', nextKey];
  const change = await run('sign-change', '--file', held, ...to, ...unlock);
  const standing = { owner: 'a@x.example', region: 'eu', serial: 1, publicKey: fromHex(publicKeyOf(made)) };
  expect(verifyOwnerKeyChange(fromBase64Url(change), standing, nodeCrypto).next).toEqual(fromHex(nextKey));
  await expect(run('init', '--out', held, ...unlock)).rejects.toMatchObject({ code: 'key_exists' });
}, 60_000);

it('signs an order from its draft, told in words, and leaves it in a file', async () => {
  const [file, draft, signed] = ['owner.key', 'draft.json', 'signed'].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  const unlock = ['--key-file', join(directory, 'unlock')];
  const signerKey = fromHex(publicKeyOf(await run('init', '--out', file, ...unlock)));
  const params = '{"action":"stop"}';
  const nodes = [fromHex('07'.repeat(32))];
  const order = {
    ...{ orderId: new Uint8Array(16), region: 'eu', kind: 'stoachain-control', nodeCount: 1, maxAttempts: 1 },
    paramsHash: nodeCrypto.hash(utf8(params)),
    nodes: merkleRoot(nodes, nodeCrypto.hash),
    ...{ signer: 'a@x.example', signerKey, issuedAt: 1_000, expiresAt: 2_000 },
  };
  await writeFile(draft, formatOrderDraft({ order, params, nodes }));
  expect(await run('sign-order', draft, '--file', file, '--out', signed, ...unlock)).toContain('for 1 nodes');
  expect(asked.join('')).toMatch(/With +action=stop/);
  const sealed = fromBase64Url((await readFile(signed, 'utf8')).trim());
  expect(open(orderKind, sealed, nodeCrypto, signerKey)).toEqual(order);
  await writeFile(draft, formatOrderDraft({ order, params: '{"action":"start"}', nodes }));
  await expect(run('sign-order', draft, '--file', file, ...unlock)).rejects.toMatchObject({
    code: 'bad_argument',
    message: expect.stringContaining('hash of other parameters'),
  });
}, 60_000);

it('verifies a backup and opens it, without a hub and without its node', async () => {
  const [file, archive, out] = ['owner.key', 'b.stoa-archive', 'db.tar'].map((name) =>
    join(directory, name),
  ) as [string, string, string];
  const unlock = ['--key-file', join(directory, 'unlock')];
  const owner = fromHex(publicKeyOf(await run('init', '--out', file, ...unlock)));
  const [node, contentKey] = [new Uint8Array(32).fill(3), new Uint8Array(32).fill(4)];
  const by = { contentKey, recipients: [owner], snapshot: '17', node, pieceBytes: 8 };
  const header = sealHeader({ ...by, random: (count) => new Uint8Array(count).fill(5) });
  const sealed = [formatHeader(header)];
  for await (const piece of sealPieces(plain(), { contentKey, header })) sealed.push(piece);
  await writeFile(archive, concat(...sealed));
  const opened = await run('open-backup', archive, '--file', file, '--out', out, ...unlock);
  expect(opened).toContain(`of node   ${'03'.repeat(32)}`);
  expect(await readFile(out, 'utf8')).toBe('a tar archive');
  const other = ['--sha256', 'ab'.repeat(32)];
  await expect(run('open-backup', archive, '--file', file, ...other, ...unlock)).rejects.toMatchObject({
    code: 'archive_damaged',
  });
}, 60_000);

async function* plain() {
  yield utf8('a tar archive');
}
