import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBase64Url, fromHex, verifyOwnerKeyChange } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { Command } from 'commander';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { addKeyCommands } from './key.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stoa-key-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function run(...args: string[]): Promise<string> {
  const printed: string[] = [];
  const root = new Command('stoa-hub').exitOverride();
  addKeyCommands(root, () => ({ json: false, out: (text) => void printed.push(text), ask: () => {} }));
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
