import { BlockList, isIP, isIPv6 } from 'node:net';
import { GLOBAL_V6, RESERVED_V4, RESERVED_V6 } from '@stoa/protocol';
import { AddressRanges } from './address-ranges.ts';

const refused = new BlockList();
for (const [network, bits] of RESERVED_V4) refused.addSubnet(network, bits, 'ipv4');
for (const [network, bits] of RESERVED_V6) refused.addSubnet(network, bits, 'ipv6');
const publicV6 = new BlockList();
publicV6.addSubnet(...GLOBAL_V6, 'ipv6');

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
