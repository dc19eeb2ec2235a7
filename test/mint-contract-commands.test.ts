/** What holders of governance do, as processes against a simulated node: texts, signatures on other machines, sending, reading. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ManualClock, type NodeServer, serveNode } from './chainweb/index.ts';
import {
  accountOf,
  openPactWorld,
  type PactKey,
  type PactWorld,
  pactKey,
  registerModule,
} from './chainweb/pact/index.ts';
import { hubCommand } from './kit/hub-command.ts';
import { temporaryDirectory } from './kit/temporary-directory.ts';

const [ada, bob, cyd, minter, next] = [1, 2, 3, 4, 5].map((n) => pactKey(new Uint8Array(32).fill(n))) as [
  PactKey,
  PactKey,
  PactKey,
  PactKey,
  PactKey,
];
const namespace = `n_${'ab'.repeat(20)}`;
const gov = { keys: [ada.publicKey, bob.publicKey, cyd.publicKey], pred: 'keys-2' } as const;
const place = {
  ...{ networkId: 'simulated', namespace, gov, minter: minter.publicKey },
  payer: { account: accountOf(minter), publicKey: minter.publicKey },
};

let world: PactWorld;
let server: NodeServer;
let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
const at = (...names: string[]) => join(directory.path, ...names);
const contract = (...words: string[]) =>
  hubCommand({ CHAINWEB_NETWORK: 'simulated', DATA_DIR: at('data') }, 'mint', 'contract', ...words, '--json');
const change = (kind: string, out: string, ...more: string[]) =>
  contract(kind, '--place', at('place.json'), '--out', at(out), ...more);
const signedBy = (...keys: PactKey[]) => ['--signer', ...keys.map(({ publicKey }) => publicKey)];

/** What one holder hands back: copies of the files with that holder's signature in them. */
async function sign(folder: string, by: PactKey): Promise<string[]> {
  const names = (await readdir(at(folder))).filter((name) => /-\d\.json$/.test(name));
  return Promise.all(
    names.map(async (name) => {
      const command = JSON.parse(await readFile(at(folder, name), 'utf8'));
      const [{ sig }] = by.sign(command.cmd).sigs as [{ sig: string }];
      const sigs = command.sigs.map((each: { pubKey: string }) =>
        each.pubKey === by.publicKey ? { ...each, sig } : each,
      );
      const path = at(folder, `${name}.${by.publicKey.slice(0, 8)}`);
      await writeFile(path, JSON.stringify({ ...command, sigs }));
      return path;
    }),
  );
}

beforeAll(async () => {
  directory = await temporaryDirectory();
  const module = registerModule({
    ...{ name: `${namespace}.register`, hash: 'h'.repeat(43), gov },
    minter: { pred: 'keys-all', keys: [minter.publicKey] },
  });
  world = openPactWorld({
    ...{ clock: new ManualClock(Date.now()), modules: [module], orphanRate: 0, nodes: [{}] },
    accounts: [
      { account: accountOf(minter), guard: { pred: 'keys-all', keys: [minter.publicKey] }, balance: 100 },
    ],
  });
  server = await serveNode(world.nodes[0]!);
  await writeFile(at('place.json'), JSON.stringify(place));
  await writeFile(at('next.json'), JSON.stringify({ ...place, minter: next.publicKey }));
});
afterAll(async () => {
  await server.close();
  await directory[Symbol.asyncDispose]();
});

describe('the contract, by its holders', () => {
  it('is deployed by ten commands, which are written once', async () => {
    const drafted = await change('deploy', 'deploy', ...signedBy(ada, cyd));
    expect([drafted.code, drafted.err]).toEqual([0, '']);
    expect(drafted.json()['files']).toHaveLength(10);
    const { cmd } = JSON.parse(await readFile(at('deploy', 'deploy-7.json'), 'utf8'));
    const { payload, meta } = JSON.parse(cmd);
    expect(meta).toMatchObject({ chainId: '7', ttl: 172_800 });
    expect(payload.exec.code).toContain('(module register GOV');
    const again = await change('deploy', 'deploy', ...signedBy(ada, cyd));
    expect([again.code, again.err]).toEqual([1, expect.stringContaining('is there already')]);
  });

  it('gets another minter once two of three have signed, and is read on ten chains', async () => {
    const before = await contract('verify', '--place', at('place.json'), '--node', server.serviceUrl);
    expect([before.code, before.json()]).toEqual([0, { hash: 'h'.repeat(43) }]);
    const drafted = await change('rotate', 'rotate', '--minter', next.publicKey, ...signedBy(ada, bob));
    expect([drafted.code, drafted.err]).toEqual([0, '']);
    const [fromAda, fromBob, paid] = [
      await sign('rotate', ada),
      await sign('rotate', bob),
      await sign('rotate', minter),
    ];
    const early = await contract('send', ...fromAda, ...paid, '--node', server.serviceUrl);
    expect([early.code, early.err]).toEqual([1, expect.stringContaining(`no signature of ${bob.publicKey}`)]);
    const sent = await contract('send', ...fromAda, ...fromBob, ...paid, '--node', server.serviceUrl);
    expect([sent.code, sent.err]).toEqual([0, '']);
    expect(sent.json()['sent']).toHaveLength(10);
    world.advance(12 * 60_000);
    const old = await contract('verify', '--place', at('place.json'), '--node', server.serviceUrl);
    expect([old.code, old.err]).toEqual([1, expect.stringContaining('chain 0 has the minter')]);
    const after = await contract('verify', '--place', at('next.json'), '--node', server.serviceUrl);
    expect([after.code, after.err]).toEqual([0, '']);
  });

  it('refuses keys that are too few, and options that say two things', async () => {
    const few = await change('rotate', 'few', '--minter', next.publicKey, ...signedBy(ada));
    expect([few.code, few.err]).toEqual([1, expect.stringContaining('keys-2 needs 2')]);
    const both = await change(
      'rotate',
      'both',
      '--minter',
      next.publicKey,
      '--gov',
      at('x'),
      ...signedBy(ada, bob),
    );
    expect(both.code).toBe(2);
    const wrong = await change('deploy', 'wrong', ...signedBy(ada, bob), '--hours', '49');
    expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('--hours')]);
  });
});
