import { BlockList, isIP } from 'node:net';

/** Addresses and CIDR ranges as a setting names them: `10.0.0.0/8, fd00::/8, 192.0.2.7`. */
export class AddressRanges {
  readonly #list = new BlockList();
  readonly #ranges: readonly string[];

  /** @throws RangeError for what is neither an address nor a CIDR range: a slip must not widen a range. */
  constructor(ranges: readonly string[]) {
    this.#ranges = ranges;
    for (const range of ranges) this.#add(range);
  }

  has(address: string): boolean {
    const family = isIP(address);
    return family !== 0 && this.#list.check(address, family === 4 ? 'ipv4' : 'ipv6');
  }

  /** As they were given. */
  toString(): string {
    return this.#ranges.join(', ');
  }

  #add(range: string): void {
    const [address = '', prefix, ...rest] = range.split('/');
    const family = isIP(address);
    const most = family === 4 ? 32 : 128;
    const bits = prefix === undefined ? most : Number(prefix);
    const fits = prefix === undefined || (/^\d{1,3}$/.test(prefix) && bits <= most);
    if (family === 0 || !fits || rest.length > 0)
      throw new RangeError(`'${range}' is no address or CIDR range`);
    this.#list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6');
  }
}
