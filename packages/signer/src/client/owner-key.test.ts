import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromBase64Url, fromHex, verifyOwnerKeyChange } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { initOwnerKey, showOwnerKey, signOwnerKeyChange } from '#client/owner-key.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stoa-owner-key-'));
});
afterEach(() => rm(directory, { recursive: true }));

test("an owner's key is made, shown and used by a process of its own, with its own words where it can't", async () => {
  const passphraseFile = join(directory, 'passphrase');
  await writeFile(passphraseFile, 'correct horse battery\n', { mode: 0o600 });
  const asked: string[] = [];
  const run = { passphraseFile, ask: (question: string) => void asked.push(question) };
  const file = join(directory, 'owner.key');
  const made = await initOwnerKey(file, run);
  expect(await showOwnerKey(file, run)).toEqual(made);
  const next = await initOwnerKey(join(directory, 'next.key'), run);
  const by = { file, owner: 'a@x.example', region: 'eu', serial: '2', next: next.publicKey };
  const { change } = await signOwnerKeyChange(by, run);
  const standing = { owner: by.owner, region: 'eu', serial: 1, publicKey: fromHex(made.publicKey) };
  expect(verifyOwnerKeyChange(fromBase64Url(change), standing, nodeCrypto).serial).toBe(2);
  await expect(initOwnerKey(file, run)).rejects.toMatchObject({ code: 'key_exists' });
  await writeFile(passphraseFile, 'correct horse stable!\n');
  await expect(signOwnerKeyChange(by, run)).rejects.toMatchObject({ code: 'key_locked' });
  expect(asked).toEqual([]);
}, 60_000);
