import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Proxies whose word about the client's address is taken. */
export class TrustedProxies {
  readonly #list = new BlockList();
  readonly #trusts: boolean;
  readonly #ranges: readonly string[];

  /** @throws RangeError for what is neither an address nor a CIDR range. */
  constructor(ranges: readonly string[]) {
    this.#trusts = ranges.length > 0;
    this.#ranges = ranges;
    for (const range of ranges) this.#add(range);
  }

  /**
   * Where a request comes from. Behind a trusted proxy that is the last address in X-Forwarded-For that is no trusted
   * proxy itself: what stands before it, anybody may have written.
   */
  addressOf(
    request: Pick<IncomingMessage, 'headers'> & {
      readonly socket: { readonly remoteAddress?: string | undefined };
    },
  ): string {
    const direct = request.socket.remoteAddress ?? 'unknown';
    if (!this.#trusts || !this.#has(direct)) return direct;
    const named = String(request.headers['x-forwarded-for'] ?? '').split(',');
    let client = direct;
    for (const hop of named.toReversed()) {
      const address = hop.trim();
      if (isIP(address) === 0) return client;
      client = address;
      if (!this.#has(address)) return client;
    }
    return client;
  }

  /** As they were given. */
  toString(): string {
    return this.#ranges.join(', ');
  }

  #add(range: string): void {
    const [address = '', prefix, ...rest] = range.split('/');
    const family = isIP(address);
    const bits = prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix);
    const fits = Number.isInteger(bits) && bits >= 0 && bits <= (family === 4 ? 32 : 128);
    if (family === 0 || !fits || prefix === '' || rest.length > 0)
      throw new RangeError(`'${range}' is no address or CIDR range`);
    this.#list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6');
  }

  #has(address: string): boolean {
    const mapped = address.startsWith('::ffff:') ? address.slice(7) : address;
    const family = isIP(mapped);
    return family !== 0 && this.#list.check(mapped, family === 4 ? 'ipv4' : 'ipv6');
  }
}
