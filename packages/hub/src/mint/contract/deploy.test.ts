import { readFileSync } from 'node:fs';
import { contractParser } from '@kadena/pactjs-generator';
import { requestKey } from '@stoa/protocol/mint';
import { describe, expect, it } from 'vitest';
import { MintFault } from '../error.ts';
import {
  type ChangeSetting,
  type ContractChange,
  type ContractPlace,
  changeCommand,
  type Deployed,
  deployedCode,
  moduleText,
  requireDeployed,
} from './deploy.ts';
import type { Keyset } from './keysets.ts';

/** Public keys of the seeds of RFC 8032's first tests, and of other people. */
const [ada, bob, cyd, minter, next] = [
  'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
  'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
  '278117fc144c72340f67d0f2316e8386ceffbf2b2428c9c51fef7c597f1d426e',
  'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
] as const;
const source = readFileSync(new URL('register.pact', import.meta.url), 'utf8');
const namespace = `n_${'0123456789'.repeat(4)}`;
const gov: Keyset = { keys: [ada, bob, cyd], pred: 'keys-2' };
const place: ContractPlace = {
  ...{ networkId: 'stoa', namespace, gov, minter },
  payer: { account: `k:${minter}`, publicKey: minter },
};
const setting: ChangeSetting = {
  ...{ chain: 4, signers: [ada, cyd], gasPrice: 1.1e-8, creationTime: 1_795_672_800, ttl: 172_800 },
};
const of = (change: ContractChange, more: { place?: Partial<ContractPlace>; signers?: string[] } = {}) => {
  const { signers = setting.signers } = more;
  const command = changeCommand(change, { ...place, ...more.place }, { ...setting, signers });
  return { command, ...JSON.parse(command.cmd) };
};
const deploy = { kind: 'deploy', module: source } as const;

describe('the deployment of a chain', () => {
  const { command, payload, signers, meta } = of(deploy);
  const { code, data } = payload.exec;

  it('makes namespace, keyset, module, every table and the minter, in this order', () => {
    const steps = [
      `(enforce (= "${namespace}" (ns.create-principal-namespace (read-keyset "gov")))`,
      `(define-namespace "${namespace}" (read-keyset "gov") (read-keyset "gov"))`,
      `(namespace "${namespace}")`,
      `(define-keyset "${namespace}.gov" (read-keyset "gov"))`,
      `(define-namespace "${namespace}" (keyset-ref-guard "${namespace}.gov") (read-keyset "gov"))`,
      '(module register GOV',
      ...[...source.matchAll(/\(deftable ([\w-]+):/g)].map(
        ([, table]) => `(create-table ${namespace}.register.${table})`,
      ),
      `(${namespace}.register.rotate-minter (read-keyset "minter"))`,
    ].toSorted((a, b) => code.indexOf(a) - code.indexOf(b));
    for (const step of steps) expect(code).toContain(step);
    expect(steps[0]).toContain('create-principal-namespace');
    expect(steps.at(-1)).toContain('rotate-minter');
    expect(code.match(/\(create-table /g)).toHaveLength(8);
    expect(data).toEqual({ gov, minter: { keys: [minter], pred: 'keys-all' } });
  });

  it('governs the module by the keyset of its own namespace', () => {
    const [[module]] = contractParser(moduleText(source, namespace), namespace);
    expect(module).toMatchObject({ name: 'register', governance: 'GOV', namespace });
    expect(code.match(/"([^"]*)\.gov"/g)).toContain(`"${namespace}.gov"`);
    expect(code).not.toContain('stoic.');
  });

  it('is signed by governance for everything, and by who pays for the gas alone', () => {
    expect(signers).toEqual([
      { pubKey: ada, scheme: 'ED25519' },
      { pubKey: cyd, scheme: 'ED25519' },
      { pubKey: minter, scheme: 'ED25519', clist: [{ name: 'coin.GAS', args: [] }] },
    ]);
    expect(command.sigs).toEqual([ada, cyd, minter].map((pubKey) => ({ pubKey, sig: null })));
    expect(command.hash).toBe(requestKey(command.cmd));
    expect(meta).toMatchObject({ chainId: '4', sender: `k:${minter}`, gasLimit: 150_000 });
  });

  it('is the same text on every chain', () => {
    const texts = Array.from({ length: 10 }, (_, chain) => {
      const { cmd } = changeCommand(deploy, place, { ...setting, chain });
      return JSON.parse(cmd).payload.exec.code;
    });
    expect(new Set(texts).size).toBe(1);
  });
});

describe('later changes', () => {
  it('an upgrade keeps the tables', () => {
    const { code } = of({ kind: 'upgrade', module: source }).payload.exec;
    expect(code.startsWith(`(namespace "${namespace}")\n`)).toBe(true);
    expect(code).not.toContain('create-table');
  });

  it('a new minter takes signatures that are good for this key and nothing else', () => {
    const { payload, signers } = of({ kind: 'rotate-minter', minter: next });
    expect(payload.exec.data.minter.keys).toEqual([next]);
    const scope = { name: `${namespace}.register.ROTATE`, args: [`k:${next}`] };
    expect(signers.slice(0, 2).map(({ clist }: { clist: unknown }) => clist)).toEqual([[scope], [scope]]);
  });

  it('a new governance is signed by the former one, and by each of its own keys', () => {
    const { payload, signers } = of({ kind: 'rotate-gov', gov: { keys: [cyd, next], pred: 'keys-all' } });
    expect(payload.exec.code).toContain('(enforce-guard (read-keyset "gov"))');
    expect(signers.map((signer: { pubKey: string }) => signer.pubKey)).toEqual([ada, cyd, next, minter]);
  });

  it('who governs may pay as well: with one signature for both', () => {
    const payer = { account: `k:${ada}`, publicKey: ada };
    const { signers } = of({ kind: 'rotate-minter', minter: next }, { place: { payer } });
    expect(signers[0].clist.map(({ name }: { name: string }) => name)).toEqual([
      `${namespace}.register.ROTATE`,
      'coin.GAS',
    ]);
    expect(of(deploy, { place: { payer } }).signers[0]).not.toHaveProperty('clist');
  });
});

describe('keys that are refused', () => {
  const refused = (keys: Partial<ContractPlace>, signers?: string[]) => () =>
    of(deploy, { place: keys, ...(signers === undefined ? {} : { signers }) });

  it.each<[string, Partial<ContractPlace>]>([
    ['none at all', { gov: { keys: [], pred: 'keys-all' } }],
    ['one', { gov: { keys: [ada], pred: 'keys-all' } }],
    ['two of two as keys-2', { gov: { keys: [ada, bob], pred: 'keys-2' } }],
    ['one twice', { gov: { keys: [ada, ada], pred: 'keys-all' } }],
    ['the minter among them', { gov: { keys: [ada, minter], pred: 'keys-all' } }],
    ['what is no key', { gov: { keys: [ada, 'bob'], pred: 'keys-all' } }],
    ['a weak key', { gov: { keys: [ada, '0'.repeat(64)], pred: 'keys-all' } }],
    ['no minter', { minter: '' }],
  ])('%s', (_what, keys) => {
    expect(refused(keys)).toThrow(
      expect.objectContaining({ name: 'MintFault', code: 'bad_keys', retry: false }),
    );
  });

  it('too few signers, or strangers', () => {
    expect(refused({}, [ada])).toThrow('keys-2 needs 2');
    expect(refused({}, [ada, ada])).toThrow('keys-2 needs 2');
    expect(refused({}, [ada, next])).toThrow('is not in the keyset that governs');
  });

  it('a namespace that is nobody’s by its keys, and a text that names other keysets', () => {
    const bad = expect.objectContaining({ code: 'bad_contract' });
    expect(() => moduleText(source, 'free')).toThrow(bad);
    expect(() => moduleText(source.replace('"stoic.gov"', '"stoic.other"'), namespace)).toThrow(bad);
    expect(() => moduleText('(module register GOV)', namespace)).toThrow(bad);
  });
});

describe('what ten chains have', () => {
  const chains = Array.from(
    { length: 10 },
    (_, chain): Deployed => ({
      ...{ chain, hash: 'hash', gov: { ...gov, keys: [cyd, ada, bob] } },
      minter: { keys: [minter], pred: 'keys-all' },
    }),
  );
  const changed = (change: Partial<Deployed>) =>
    chains.map((found) => (found.chain === 7 ? { ...found, ...change } : found));

  it('is one module under the keys that are planned', () => {
    expect(requireDeployed(chains, place)).toBe('hash');
    expect(deployedCode(namespace)).toContain(`(describe-module "${namespace}.register")`);
  });

  it.each<[string, readonly Deployed[], string]>([
    ['another module', changed({ hash: 'other' }), 'chain 7 has the module other'],
    [
      'a keyset without keys',
      changed({ gov: { keys: [], pred: 'keys-all' } as unknown as Keyset }),
      'chain 7 has governance keys-all of 0',
    ],
    [
      'another predicate',
      changed({ gov: { ...gov, pred: 'keys-all' } }),
      'chain 7 has governance keys-all of 3',
    ],
    ['another minter', changed({ minter: { keys: [next], pred: 'keys-all' } }), 'chain 7 has the minter'],
    ['a chain that was not read', chains.slice(1), 'each of 0 to 9 once'],
    ['a chain that was read twice', changed({ chain: 6 }), 'each of 0 to 9 once'],
  ])('%s is told with its chain', (_what, found, words) => {
    expect(() => requireDeployed(found, place)).toThrow(MintFault);
    expect(() => requireDeployed(found, place)).toThrow(words);
  });
});
