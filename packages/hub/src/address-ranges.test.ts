import { describe, expect, it } from 'vitest';
import { AddressRanges } from './address-ranges.ts';
import { loadConfig } from './config.ts';

const MALFORMED = [
  '127.0.0.1/',
  '10.0.0.0/8/9',
  '10.0.0.0/0x8',
  '10.0.0.0/ 8',
  '10.0.0.0/-1',
  '10.0.0.0/33',
  'fd00::/129',
  'fd00::/1e1',
  'hub.example',
  '10.0.0',
  '/8',
];

describe('address ranges', () => {
  it('hold an address alone, and what lies in a range', () => {
    const ranges = new AddressRanges(['10.0.0.0/8', 'fd00::/8', '192.0.2.7']);
    expect(['10.255.0.1', 'fd12::1', '192.0.2.7'].every((address) => ranges.has(address))).toBe(true);
    expect(['11.0.0.1', 'fe80::1', '192.0.2.8', 'no address'].some((address) => ranges.has(address))).toBe(
      false,
    );
    expect(String(ranges)).toBe('10.0.0.0/8, fd00::/8, 192.0.2.7');
  });

  it.each(MALFORMED)('take no %j', (text) => {
    expect(() => new AddressRanges([text])).toThrow(RangeError);
  });

  it.each(
    MALFORMED.flatMap((text) => ['EGRESS_ALLOW', 'TRUSTED_PROXIES'].map((env) => [env, text] as const)),
  )('refuse the start with %s=%j', (env, text) => {
    expect(() => loadConfig({ [env]: text })).toThrow(`${env}='${text}' cannot be used`);
  });
});
