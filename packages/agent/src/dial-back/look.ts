import { isIP } from 'node:net';
import { decodeCut } from '@stoa/protocol/chainweb';
import { expectOk, networkPath } from '#collectors/chainweb-api.ts';
import { type Http, type HttpRequest, textOf } from '#http.ts';
import { isPublicAddress } from '#public-address.ts';

/** Where another node's P2P port should be. */
export interface LookTarget {
  /** An address; names are not looked up on a hub's word. */
  readonly host: string;
  readonly port: number;
  readonly network: string;
}

/** What was found there. */
export interface Sight {
  /** SHA-256 of the certificate, base64url. */
  readonly fingerprint: string;
  /** Lowest height of its cut. */
  readonly height: number;
}

/** Looks at a node from outside. Rejects with HttpError, ChainwebNodeError or ChainwebError. */
export type Look = (target: LookTarget, signal: AbortSignal) => Promise<Sight>;

/** The whole of a look: one small question. */
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 64 * 1024;
/** Below it lie the ports of other services than people's own. */
const LEAST_PORT = 1_024;

/** A way to other nodes without any proxy: what is proven is that the node answers this host. */
export function lookThrough(http: Http): Look {
  return async ({ host, port, network }, signal) => {
    const authority = isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
    const url = `https://${authority}${networkPath(network)}/cut`;
    const request: HttpRequest = {
      url,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
      signal,
      selfSigned: true,
    };
    const response = await http.request(request);
    expectOk(response, url, network);
    const { tips } = decodeCut(textOf(response));
    return {
      fingerprint: response.tlsFingerprint ?? '',
      height: Math.min(...tips.map((tip) => tip.height)),
    };
  };
}

/** Nothing that is not on the public internet is dialled on a hub's word, nor any port of a well-known service. */
export function mayLook({ host, port }: LookTarget, besides: (address: string) => boolean): boolean {
  return isIP(host) !== 0 && port >= LEAST_PORT && (isPublicAddress(host) || besides(host));
}
