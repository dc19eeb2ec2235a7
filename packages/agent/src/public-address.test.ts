import { expect, it } from 'vitest';
import { addressesIn, isPublicAddress } from '#public-address.ts';

it.each([
  ['8.8.8.8', true],
  ['2a01:4f8::1', true],
  ['99.255.255.255', true],
  ['127.0.0.1', false],
  ['10.1.2.3', false],
  ['100.64.0.1', false],
  ['172.31.255.255', false],
  ['192.168.1.1', false],
  ['169.254.169.254', false],
  ['239.1.1.1', false],
  ['255.255.255.255', false],
  ['::1', false],
  ['::', false],
  ['::ffff:8.8.8.8', false],
  ['64:ff9b::808:808', false],
  ['fd00::1', false],
  ['2001::1', false],
  ['2002:7f00:1::', false],
  ['::7f00:1', false],
  ['fe80::1', false],
  ['ff02::1', false],
  ['node.example', false],
  ['', false],
])('%s can be seen from the internet: %s', (address, expected) => {
  expect(isPublicAddress(address)).toBe(expected);
});

it('ranges that an owner names are read whole, or refused', () => {
  const allowed = addressesIn('10.0.0.0/8, fd00::/8 192.0.2.7');
  expect(['10.1.2.3', 'fd00::1', '192.0.2.7'].every(allowed)).toBe(true);
  expect(['11.0.0.1', 'fe80::1', '192.0.2.8', '::ffff:10.0.0.1', 'x'].some(allowed)).toBe(false);
  expect(addressesIn('')('10.0.0.1')).toBe(false);
  for (const text of ['10.0.0.0/33', '10.0.0.0/8/8', 'ten', '10.0.0.0/', '10.0.0.0/8x'])
    expect(() => addressesIn(text)).toThrow(RangeError);
});
