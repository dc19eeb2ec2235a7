import { expect, it } from 'vitest';
import { loadConfig } from './config.ts';

const ACME = { ACME_DIRECTORY: 'https://ca.example/dir', PUBLIC_URL: 'https://hub.example' };

it('takes TLS from files, by ACME, or leaves it to a proxy', () => {
  expect(loadConfig({}).acmeDirectory).toBeUndefined();
  expect(loadConfig({ TLS_CERT: 'c', TLS_KEY: 'k' }).tlsCert).toBe('c');
  expect(loadConfig(ACME).acmeDirectory?.href).toBe('https://ca.example/dir');
});

const DATABASE = { DATABASE_URL: 'postgres://hub@one/hub' };

it('reads at replicas by their hosts', () => {
  expect(loadConfig(DATABASE).databaseReplicas).toBeUndefined();
  const replicas = 'two,three.internal:5433,[2001:db8::1]:5434';
  expect(loadConfig({ ...DATABASE, DATABASE_REPLICAS: replicas }).databaseReplicas).toBe(replicas);
});

const MINT = { MINT_CONTRACT: `n_ab.register@${'h'.repeat(43)}`, MINTER: `k:${'0f'.repeat(32)}` };
const NODES = { MINT_NODES: 'http://one:1848, http://two:1848' };

it('mints by a pinned contract, a key and two nodes', () => {
  expect(loadConfig({}).mintContract).toBeUndefined();
  const { mintContract, minter, mintNodes } = loadConfig({ ...MINT, ...NODES });
  expect(mintContract).toEqual({ namespace: 'n_ab', module: 'register', moduleHash: 'h'.repeat(43) });
  expect(minter).toBe('0f'.repeat(32));
  expect(mintNodes.map(({ host }) => host)).toEqual(['one:1848', 'two:1848']);
});

it.each([
  ['a contract without its hash', { ...MINT, ...NODES, MINT_CONTRACT: 'n_ab.register' }, 'MINT_CONTRACT'],
  ['a mint without a key', { ...NODES, MINT_CONTRACT: MINT.MINT_CONTRACT }, 'MINTER'],
  ['a mint by one node', { ...MINT, CHAINWEB_URL: 'http://one:1848' }, 'MINT_NODES'],
  ['a node that is no URL', { ...MINT, MINT_NODES: 'one,two' }, 'MINT_NODES'],
  [
    'a replica that is no host',
    { ...DATABASE, DATABASE_REPLICAS: 'postgres://one/hub' },
    'DATABASE_REPLICAS',
  ],
  ['replicas of the embedded database', { DATABASE_REPLICAS: 'one:5432' }, 'DATABASE_URL'],
  ['half a pair', { TLS_CERT: 'c' }, 'TLS_KEY'],
  ['the other half', { TLS_KEY: 'k' }, 'TLS_CERT'],
  ['files and ACME', { ...ACME, TLS_CERT: 'c', TLS_KEY: 'k' }, 'ACME_DIRECTORY'],
  ['ACME without a name', { ACME_DIRECTORY: ACME.ACME_DIRECTORY }, 'PUBLIC_URL'],
  ['ACME for http', { ...ACME, PUBLIC_URL: 'http://hub.example' }, 'PUBLIC_URL'],
  ['ACME for an address', { ...ACME, PUBLIC_URL: 'https://192.0.2.1' }, 'PUBLIC_URL'],
  ['ACME for an IPv6 address', { ...ACME, PUBLIC_URL: 'https://[2001:db8::1]' }, 'PUBLIC_URL'],
  ['a certificate for http', { TLS_CERT: 'c', TLS_KEY: 'k', PUBLIC_URL: 'http://hub.example' }, 'PUBLIC_URL'],
])('refuses %s, and names the setting', (_what, env, setting) => {
  expect(() => loadConfig(env)).toThrow(setting);
});
