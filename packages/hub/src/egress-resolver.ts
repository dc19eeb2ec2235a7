import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import type { AllowedAddresses } from './egress-addresses.ts';
import { HubError } from './error.ts';
import { createResolve, type Resolve } from './name-resolver.ts';

/** A place on somebody's word that the hub does not connect to. */
export class EgressRefusedError extends HubError<'egress_refused'> {
  override readonly name = 'EgressRefusedError';
  constructor(host: string) {
    super('egress_refused', `${host} is not on the public internet: the hub does not connect to it`, {
      retry: false,
    });
  }
}

/**
 * Names that users gave, resolved once, with all their addresses checked: whoever connects takes one of the answer, so no
 * second resolution can answer otherwise (DNS rebinding).
 */
export class EgressResolver {
  readonly #allowed: Pick<AllowedAddresses, 'allows'>;
  readonly #resolve: Resolve;

  constructor(by: { allowed: Pick<AllowedAddresses, 'allows'>; resolve?: Resolve }) {
    this.#allowed = by.allowed;
    this.#resolve = by.resolve ?? createResolve();
  }

  /** At least one. @throws EgressRefusedError; the resolver's own error where there is no such name. */
  async addressesOf(host: string): Promise<readonly [LookupAddress, ...LookupAddress[]]> {
    const family = isIP(host);
    const found = family !== 0 ? [{ address: host, family }] : await this.#lookUp(host);
    const [first, ...others] = found;
    // One bad address is enough: which of them is taken is not ours to say.
    if (first === undefined || found.some(({ address }) => !this.#allowed.allows(address)))
      throw new EgressRefusedError(host);
    return [first, ...others];
  }

  #lookUp(host: string): Promise<readonly LookupAddress[]> {
    return new Promise((resolve, reject) => {
      this.#resolve(host, (error, addresses) => (error ? reject(error) : resolve(addresses)));
    });
  }
}
