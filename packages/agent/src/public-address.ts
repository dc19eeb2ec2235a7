import { BlockList, isIP } from 'node:net';
import { GLOBAL_V6, RESERVED_V4, RESERVED_V6 } from '@stoa/protocol';

export type AddressRule = (address: string) => boolean;

const RESERVED_4 = blockList('ipv4', RESERVED_V4);
const GLOBAL_6 = blockList('ipv6', [GLOBAL_V6]);
const RESERVED_6 = blockList('ipv6', RESERVED_V6);

/** Whether an address is on the public internet. IPv4 written as IPv6 (`::ffff:10.0.0.1`, NAT64) never counts. */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !RESERVED_4.check(address, 'ipv4');
  return (
    family === 6 &&
    !address.includes('%') &&
    GLOBAL_6.check(address, 'ipv6') &&
    !RESERVED_6.check(address, 'ipv6')
  );
}

/** @param text addresses and CIDR ranges: `10.0.0.0/8, fd00::/8, 192.0.2.7`; empty for none. @throws RangeError */
export function addressesIn(text: string): AddressRule {
  const lists = { 4: new BlockList(), 6: new BlockList() };
  for (const range of text.split(/[\s,]+/).filter((each) => each !== '')) {
    const [address = '', prefix, ...rest] = range.split('/');
    const family = isIP(address);
    const most = family === 4 ? 32 : 128;
    const bits = prefix === undefined ? most : Number(prefix);
    const fits = prefix === undefined || (/^\d{1,3}$/.test(prefix) && bits <= most);
    if ((family !== 4 && family !== 6) || !fits || rest.length > 0)
      throw new RangeError(`'${range}' is no address or CIDR range`);
    lists[family].addSubnet(address, bits, `ipv${family}`);
  }
  return (address) => {
    const family = isIP(address);
    return (family === 4 || family === 6) && lists[family].check(address, `ipv${family}`);
  };
}

/** One list a family: Node holds IPv4 addresses against mapped IPv6 networks too. */
function blockList(family: 'ipv4' | 'ipv6', networks: ReadonlyArray<readonly [string, number]>): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of networks) list.addSubnet(network, prefix, family);
  return list;
}
