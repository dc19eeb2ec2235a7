import { fromBase64Url, fromHex, utf8 } from '@stoa/protocol';
import { requestKey } from '@stoa/protocol/mint';
import { nodeCrypto } from '@stoa/protocol/node';
import { beforeEach, describe, expect, test } from 'vitest';
import { Terminal } from '#cli/terminal.fixture.ts';
import { START } from '#region.fixture.ts';

const NAMESPACE = `n_${'ab'.repeat(20)}`;
const MODULE = '(module register GOV (defcap GOV () (enforce-guard (keyset-ref-guard "stoic.gov"))))\n';
const CODE = `(namespace "${NAMESPACE}")\n${MODULE.replace('stoic', NAMESPACE)}`;
const UNLOCK = ['--key-file', '/unlock'];

describe('holders who govern the contract', () => {
  let ada: Terminal;
  let keys: string[];

  beforeEach(async () => {
    ada = new Terminal('ada');
    const made = await ada.json('governance', 'init', '--file', '/gov.key', ...UNLOCK);
    keys = [String(made['publicKey']), 'bb'.repeat(32)];
  });

  /** A file for a chain, as a hub writes it. */
  function draft(
    chain: number,
    changes: { code?: string; ttl?: number; signers?: string[]; file?: object } = {},
  ): string {
    const { code = CODE, ttl = 172_800, signers = keys } = changes;
    const cmd = JSON.stringify({
      payload: { exec: { code, data: {} } },
      nonce: '',
      signers: signers.map((pubKey) => ({ pubKey, scheme: 'ED25519' })),
      meta: {
        ...{ gasLimit: 150_000, gasPrice: 1e-8, sender: 'k:payer', ttl },
        creationTime: START / 1_000,
        chainId: String(chain),
      },
      networkId: 'stoa',
    });
    const sigs = signers.map((pubKey) => ({ pubKey, sig: null }));
    const path = `/upgrade-${chain}.json`;
    ada.disk.set(path, utf8(JSON.stringify({ cmd, hash: requestKey(cmd), sigs, ...changes.file })));
    return path;
  }
  const sign = (paths: readonly string[], ...more: string[]) =>
    ada.run(
      'governance',
      'sign',
      '--command',
      ...paths,
      '--file',
      '/gov.key',
      ...UNLOCK,
      '--out',
      '/signed',
      ...more,
    );

  test('read all of it, and sign each chain’s command with their own part', async () => {
    const { code, text } = await sign([draft(0), draft(1)]);
    expect(code, text).toBe(0);
    for (const line of [
      'network    stoa',
      'ends       2026-11-27T00:00:00.000Z',
      'pays       k:payer, at most 0.001500 STOA a chain',
      `signs      ${keys[0]}: everything that the code does`,
      `           (namespace "${NAMESPACE}")`,
      'signed: /signed/upgrade-1.json',
    ])
      expect(text).toContain(line);
    const { hash, sigs } = JSON.parse(Buffer.from(ada.disk.bytes('/signed/upgrade-1.json')).toString());
    expect(sigs[1]).toEqual({ pubKey: keys[1], sig: null });
    const holds = nodeCrypto.verify(fromHex(keys[0]!), fromBase64Url(hash), fromHex(sigs[0].sig));
    expect(holds).toBe(true);
  });

  test('compare the module with the one that they have', async () => {
    ada.disk.set('/register.pact', utf8(MODULE));
    const same = await sign([draft(0)], '--contract', '/register.pact');
    expect([same.code, same.text]).toEqual([0, expect.stringContaining('as in the file that you gave')]);
    const other = draft(1, { code: CODE.replace('defcap GOV ()', 'defcap GOV (x)') });
    const { code, text } = await sign([other], '--contract', '/register.pact');
    expect([code, text]).toEqual([1, expect.stringContaining('another than in the file that you gave')]);
    expect(ada.disk.files.has('/signed/upgrade-1.json')).toBe(false);
  });

  test.each<[string, () => string[], string]>([
    ['that differ', () => [draft(0), draft(1, { code: '(other)' })], 'says something else than'],
    ['of one chain twice', () => [draft(0), draft(0)], 'is the second one of that chain'],
    ['that ended', () => [draft(0, { ttl: 0 })], 'ended at 2026-11-25T00:00:00.000Z'],
    ['of others', () => [draft(0, { signers: ['cc'.repeat(32)] })], 'takes no signature of'],
    ['whose hash is another', () => [draft(0, { file: { hash: 'x' } })], 'says that its hash is x'],
    ['whose signers are others', () => [draft(0, { file: { sigs: [] } })], 'has signatures of others'],
    ['that are none', () => [draft(0, { file: { cmd: 'no' } })], 'is no unsigned command'],
  ])('sign no commands %s', async (_what, paths, words) => {
    const { code, text } = await sign(paths());
    expect([code, text]).toEqual([1, expect.stringContaining(words)]);
    expect(text).toContain('[draft_refused]');
    expect([...ada.disk.files.keys()].filter((path) => path.startsWith('/signed'))).toEqual([]);
  });

  test('let no text of others move the terminal', async () => {
    const { text } = await sign([draft(0, { code: '(a)\u001b[2J' })]);
    expect(text).not.toContain('\u001b');
  });
});
