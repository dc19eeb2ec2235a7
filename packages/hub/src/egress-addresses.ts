import { BlockList, isIP, isIPv6 } from 'node:net';
import { AddressRanges } from './address-ranges.ts';

/** What is not the public internet: private, loopback, link-local (also of cloud metadata), CGNAT, reserved (RFC 6890). */
const REFUSED_V4 = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const;

/** Inside 2000::/3, which alone is public: Teredo and ORCHID, 6to4 (both carry IPv4 addresses), documentation. */
const REFUSED_V6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const refused = new BlockList();
for (const [network, bits] of REFUSED_V4) refused.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of REFUSED_V6) refused.addSubnet(network, bits, 'ipv6');
const publicV6 = new BlockList();
publicV6.addSubnet('2000::', 3, 'ipv6');

/** Whether an address is on the public internet. IPv4 written as IPv6 (`::ffff:10.0.0.1`, NAT64) never counts. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0) return false;
  if (!isIPv6(address)) return !refused.check(address, 'ipv4');
  return !address.includes('%') && publicV6.check(address, 'ipv6') && !refused.check(address, 'ipv6');
}

/** What the hub may connect to on somebody's word: the public internet, and what the settings name besides. */
export class AllowedAddresses {
  readonly #besides: AddressRanges;

  /** @throws RangeError for what is neither an address nor a CIDR range. */
  constructor(besides: readonly string[]) {
    this.#besides = new AddressRanges(besides);
  }

  allows(address: string): boolean {
    return isPublicAddress(address) || this.#besides.has(address);
  }

  /** What is named besides, as it was given. */
  toString(): string {
    return this.#besides.toString();
  }
}
