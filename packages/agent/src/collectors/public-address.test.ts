import { expect, it } from 'vitest';
import { isPublicAddress } from '#collectors/public-address.ts';

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
  ['fe80::1', false],
  ['ff02::1', false],
  ['node.example', false],
  ['', false],
])('%s can be seen from the internet: %s', (address, expected) => {
  expect(isPublicAddress(address)).toBe(expected);
});
