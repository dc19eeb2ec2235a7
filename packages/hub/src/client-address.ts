import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { AddressRanges } from './address-ranges.ts';

/** Proxies whose word about the client's address is taken. */
export class TrustedProxies {
  readonly #ranges: AddressRanges;
  readonly #trusts: boolean;

  /** @throws RangeError for what is neither an address nor a CIDR range. */
  constructor(ranges: readonly string[]) {
    this.#ranges = new AddressRanges(ranges);
    this.#trusts = ranges.length > 0;
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
    return this.#ranges.toString();
  }

  /** A socket of both families shows IPv4 as `::ffff:…`. */
  #has(address: string): boolean {
    return this.#ranges.has(address.startsWith('::ffff:') ? address.slice(7) : address);
  }
}
