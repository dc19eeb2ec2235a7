import { BlockList, isIP } from 'node:net';

// RFC 6890 and its successors: loopback, private, link-local, CGNAT, multicast, unique local, NAT64, documentation.
// One list a family: Node holds IPv4 addresses against mapped IPv6 networks too.
const RESERVED_4 = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  RESERVED_4.addSubnet(network, prefix, 'ipv4');

const RESERVED_6 = new BlockList();
for (const [network, prefix] of [
  ['::', 127],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['2001:db8::', 32],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  RESERVED_6.addSubnet(network, prefix, 'ipv6');

/** Whether the address can be one that the internet sees this host by. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !RESERVED_4.check(address, 'ipv4');
  return family === 6 && !RESERVED_6.check(address, 'ipv6');
}
