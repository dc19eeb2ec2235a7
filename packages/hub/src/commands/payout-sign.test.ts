import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromHex, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { challengeBytes } from '@stoa/protocol/stoicism';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { signPayout } from './payout-sign.ts';

const SEED = '07'.repeat(32);
const key = nodeCrypto.signingKey(fromHex(SEED));
const account = `k:${toHex(key.publicKey)}`;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'stoa-payout-'));
});
afterAll(() => rm(directory, { recursive: true }));

async function sign(content: string, over: Record<string, string> = {}, mode = 0o600) {
  const keyFile = join(directory, 'account.key');
  await writeFile(keyFile, content, { mode });
  const [printed, told] = [[] as string[], [] as string[]];
  const stderr = { write: (text: string) => told.push(text) > 0 } as unknown as NodeJS.WriteStream;
  const by = { account, email: 'ann@x.example', region: 'eu', nonce: 'ab'.repeat(16), expires: '1795709658' };
  await signPayout(
    { out: (text) => void printed.push(text), json: false, stderr },
    { keyFile, ...by, ...over },
  );
  await rm(keyFile);
  return { signature: printed.join(''), told: told.join('') };
}

it('signs the text that it tells, with a key as wallets hand it out', async () => {
  const challenge = {
    account,
    email: 'ann@x.example',
    region: 'eu',
    nonce: 'ab'.repeat(16),
    expiresAt: 1_795_709_658,
  };
  for (const content of [SEED, `${SEED.toUpperCase()}\n`, SEED + toHex(key.publicKey)]) {
    const { signature, told } = await sign(content);
    expect(nodeCrypto.verify(key.publicKey, challengeBytes(challenge)[0]!, fromHex(signature))).toBe(true);
    expect(told).toContain(`account: ${account}\nperson: ann@x.example\n`);
  }
  expect((await sign('08'.repeat(32))).told).toContain('The key is that of k:');
});

it.each([
  [SEED, { account: `${account}0` }, 'bad_option'],
  [SEED, { nonce: 'x' }, 'bad_option'],
  [SEED, { email: 'a@x\nregion: na' }, 'bad_option'],
  [SEED, { expires: 'soon' }, 'bad_option'],
  ['a password', {}, 'bad_option'],
])('%s with %j is refused', async (content, over, code) => {
  await expect(sign(content, over as Record<string, string>)).rejects.toMatchObject({ code });
});

it('does not read a key that others may read', async () => {
  await rm(join(directory, 'account.key'), { force: true });
  await expect(sign(SEED, {}, 0o644)).rejects.toMatchObject({ code: 'private_file_exposed' });
});
