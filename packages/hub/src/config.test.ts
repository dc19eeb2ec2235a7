import { expect, it } from 'vitest';
import { loadConfig } from './config.ts';

const ACME = { ACME_DIRECTORY: 'https://ca.example/dir', PUBLIC_URL: 'https://hub.example' };

it('takes TLS from files, by ACME, or leaves it to a proxy', () => {
  expect(loadConfig({}).acmeDirectory).toBeUndefined();
  expect(loadConfig({ TLS_CERT: 'c', TLS_KEY: 'k' }).tlsCert).toBe('c');
  expect(loadConfig(ACME).acmeDirectory?.href).toBe('https://ca.example/dir');
});

it.each([
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
