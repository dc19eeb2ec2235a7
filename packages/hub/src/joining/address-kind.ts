import { BlockList, isIP } from 'node:net';

/** What an address by which the hub sees a node tells of its way to the internet. */
export type AddressKind = 'public' | 'cgnat' | 'private' | 'loopback';

const KINDS: readonly (readonly [AddressKind, readonly (readonly [string, number, 'ipv4' | 'ipv6'])[]])[] = [
  [
    'loopback',
    [
      ['127.0.0.0', 8, 'ipv4'],
      ['::1', 128, 'ipv6'],
    ],
  ],
  // RFC 6598: between a provider's customers and its NAT.
  ['cgnat', [['100.64.0.0', 10, 'ipv4']]],
  [
    'private',
    [
      ['10.0.0.0', 8, 'ipv4'],
      ['172.16.0.0', 12, 'ipv4'],
      ['192.168.0.0', 16, 'ipv4'],
      ['169.254.0.0', 16, 'ipv4'],
      ['fc00::', 7, 'ipv6'],
      ['fe80::', 10, 'ipv6'],
    ],
  ],
];

const LISTS = KINDS.map(([kind, networks]) => {
  const list = new BlockList();
  for (const network of networks) list.addSubnet(...network);
  return { kind, list };
});

/** undefined for what is no address. */
export function addressKind(text: string): AddressKind | undefined {
  const address = text.startsWith('::ffff:') ? text.slice(7) : text;
  const family = isIP(address);
  if (family === 0) return undefined;
  const version = family === 4 ? 'ipv4' : 'ipv6';
  return LISTS.find(({ list }) => list.check(address, version))?.kind ?? 'public';
}
