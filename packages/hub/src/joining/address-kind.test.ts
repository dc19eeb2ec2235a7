import { expect, it } from 'vitest';
import { addressKind } from './address-kind.ts';

it.each([
  ['100.64.0.1', 'cgnat'],
  ['100.127.255.254', 'cgnat'],
  ['100.128.0.1', 'public'],
  ['::ffff:100.100.1.1', 'cgnat'],
  ['192.168.1.4', 'private'],
  ['10.0.0.1', 'private'],
  ['fd00::1', 'private'],
  ['127.0.0.1', 'loopback'],
  ['::1', 'loopback'],
  ['203.0.113.9', 'public'],
  ['2a01:4f8::1', 'public'],
  ['', undefined],
  ['hub.example', undefined],
])('%s is %s', (address, kind) => {
  expect(addressKind(address)).toBe(kind);
});
