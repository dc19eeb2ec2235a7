import { type LookupAddress, lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import type { Http, HttpRequest } from '#http.ts';
import { HttpError } from '#http-error.ts';
import type { AddressRule } from '#public-address.ts';

/** All addresses of a name, as `dns.lookup` gives them. */
export type Resolve = (
  host: string,
  options: { readonly all: true },
  done: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

/**
 * The way to releases: to the hub as ever, to a mirror only where its name stands for addresses that are allowed. An
 * assignment is not signed, so a name on its word lends nobody this node's place in its networks: it is resolved once, all of
 * its addresses are judged, and the connection goes to one of those (no DNS rebinding). A proxy resolves by itself: through one
 * no mirror is asked.
 * @param by.hub its origin
 */
export function mirrorHttp(by: {
  http: Http;
  hub: () => string;
  allowed: AddressRule;
  /** The system's, unless given. */
  resolve?: Resolve;
}): Http {
  const { http, hub, allowed, resolve = lookup } = by;
  const judged: LookupFunction = (host, options, done) => {
    resolve(host, { all: true }, (error, found) => {
      const [first] = found ?? [];
      if (error !== null || first === undefined) return done(error ?? noAddress(host), '', 0);
      // One bad address is enough: which of them is taken is not ours to say.
      const bad = found.find(({ address }) => !allowed(address));
      if (bad !== undefined) return done(notPublic(host, bad), '', 0);
      if (options.all) done(null, found);
      else done(null, first.address, first.family);
    });
  };
  const guarded = (request: HttpRequest): HttpRequest =>
    request.url.startsWith(`${hub()}/`) ? request : { ...request, lookup: judged };
  return {
    request: (request) => http.request(guarded(request)),
    stream: (request) => http.stream(guarded(request)),
  };
}

function notPublic(host: string, { address }: LookupAddress): HttpError {
  return new HttpError('http_not_public', host, { detail: address });
}

function noAddress(host: string): Error {
  return Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' });
}
