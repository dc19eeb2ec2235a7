import { describe, expect, it } from 'vitest';
import { TrustedProxies } from './client-address.ts';

function request(remoteAddress: string, forwarded?: string) {
  return {
    socket: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  };
}

describe('the address of a client', () => {
  const proxies = new TrustedProxies(['10.0.0.0/8', '2001:db8::/32', '192.0.2.7']);

  it.each([
    ['is the socket’s where nobody is trusted', '203.0.113.5', '198.51.100.1', '203.0.113.5'],
    ['is what the trusted proxy says', '10.1.2.3', '198.51.100.1', '198.51.100.1'],
    ['passes over further trusted ones', '10.1.2.3', '198.51.100.1, 192.0.2.7, 10.9.9.9', '198.51.100.1'],
    ['ignores what the client itself wrote', '10.1.2.3', '127.0.0.1, 198.51.100.1', '198.51.100.1'],
    ['stops at what is no address', '10.1.2.3', '198.51.100.1, unknown', '10.1.2.3'],
    ['is the farthest one where all are trusted', '10.1.2.3', '10.7.7.7', '10.7.7.7'],
    ['knows mapped addresses', '::ffff:10.1.2.3', '2a00::5', '2a00::5'],
    ['is the proxy’s own where it names none', '2001:db8::1', undefined, '2001:db8::1'],
  ])('%s', (_name, remote, forwarded, expected) => {
    expect(proxies.addressOf(request(remote, forwarded))).toBe(expected);
  });

  it.each(['', '10.0.0.0/33', '10.0.0.0/', '::/129', 'host', '10.0.0.0/8/8'])(
    'refuses the range %j',
    (range) => {
      expect(() => new TrustedProxies([range])).toThrow(RangeError);
    },
  );
});
