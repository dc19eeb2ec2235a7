import { type ChainwebDeps, ChainwebNodeError, expectOk, networkPath } from '#collectors/chainweb-api.ts';
import type { Collector } from '#collectors/collector.ts';
import { describeError, type ErrorDescription } from '#error.ts';
import { type HttpResponse, jsonOf } from '#http.ts';
import { isPublicAddress } from '#public-address.ts';

export type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ErrorDescription };

export interface ServiceFacts {
  /** nodePackageVersion, such as 2.32.0. */
  readonly version: string;
  readonly chains: number;
  /** This host's clock minus the node's, to half a second; undefined if the node doesn't tell. */
  readonly skewMs: number | undefined;
}

export interface P2pFacts {
  readonly gasLimitOfBlock: number | undefined;
  /** Entries of the node's peer table. */
  readonly peers: number;
  /** SHA-256 of the certificate, base64url: the node's id among peers. Undefined without TLS. */
  readonly tlsFingerprint: string | undefined;
  /** When that certificate ends, ms since 1970. */
  readonly tlsValidUntil?: number | undefined;
  /** Where the P2P port saw this host come from; undefined unless that is an address of the internet. */
  readonly publicAddress: string | undefined;
}

/** The two APIs fail each by itself: a node may serve its owner while no peer can reach it. */
export interface ChainwebInfo {
  readonly service: Outcome<ServiceFacts>;
  readonly p2p: Outcome<P2pFacts>;
}

const PERIOD_MS = 60_000;
const TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 5000;

export function chainwebInfoCollector(deps: ChainwebDeps): Collector<ChainwebInfo> {
  return {
    name: 'chainweb',
    periodMs: () => PERIOD_MS,
    timeoutMs: TIMEOUT_MS,
    collect: (signal) => askChainweb(deps, signal),
  };
}

/** Rejects only if neither API answers, with the error of the service API. */
export async function askChainweb(deps: ChainwebDeps, signal?: AbortSignal): Promise<ChainwebInfo> {
  const [service, p2p] = await Promise.allSettled([askService(deps, signal), askP2p(deps, signal)]);
  if (service.status === 'rejected' && p2p.status === 'rejected') throw service.reason;
  return { service: outcomeOf(service), p2p: outcomeOf(p2p) };
}

function outcomeOf<T>(settled: PromiseSettledResult<T>): Outcome<T> {
  return settled.status === 'fulfilled'
    ? { ok: true, value: settled.value }
    : { ok: false, error: describeError(settled.reason) };
}

/** @throws HttpError, ChainwebNodeError */
export async function askService(deps: ChainwebDeps, signal?: AbortSignal): Promise<ServiceFacts> {
  const url = `${deps.serviceUrl}/info`;
  const sentAt = deps.clock.now();
  const response = await deps.http.request({ url, timeoutMs: REQUEST_TIMEOUT_MS, signal });
  const middle = (sentAt + deps.clock.now()) / 2;
  expectOk(response, url, deps.network);
  const info = jsonOf(response, url);
  const network = field(info, 'nodeVersion');
  if (network !== deps.network)
    throw new ChainwebNodeError(
      'wrong_network',
      `${url} is a node of '${String(network)}', not of '${deps.network}': set CHAINWEB_NETWORK or CHAINWEB_URL`,
    );
  return {
    version: String(field(info, 'nodePackageVersion') ?? ''),
    chains: Number(field(info, 'nodeNumberOfChains') ?? 0),
    skewMs: skewOf(response, middle),
  };
}

/** X-Server-Timestamp is in whole seconds, cut off: on the average it is half a second old. */
function skewOf({ headers }: HttpResponse, localMs: number): number | undefined {
  const seconds = Number(headers['x-server-timestamp'] || Number.NaN);
  return Number.isFinite(seconds) ? Math.round(localMs - (seconds * 1000 + 500)) : undefined;
}

/** @throws HttpError, ChainwebNodeError */
export async function askP2p(deps: ChainwebDeps, signal?: AbortSignal): Promise<P2pFacts> {
  const ask = async (path: string): Promise<{ response: HttpResponse; json: unknown }> => {
    const url = `${deps.p2pUrl}${path}`;
    const response = await deps.http.request({
      url,
      timeoutMs: REQUEST_TIMEOUT_MS,
      signal,
      selfSigned: true,
    });
    expectOk(response, url, deps.network);
    return { response, json: jsonOf(response, url) };
  };
  // One after the other: a kept connection then serves both, and a TLS handshake costs more than all the rest.
  const config = await ask('/config');
  const peers = await ask(`${networkPath(deps.network)}/cut/peer`);
  const gasLimit = Number(field(config.json, 'gasLimitOfBlock'));
  const items = field(peers.json, 'items');
  const address = peers.response.headers['x-peer-addr']?.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  return {
    gasLimitOfBlock: Number.isSafeInteger(gasLimit) ? gasLimit : undefined,
    peers: Array.isArray(items) ? items.length : 0,
    tlsFingerprint: peers.response.tlsFingerprint,
    tlsValidUntil: peers.response.tlsValidUntil,
    publicAddress: address && isPublicAddress(address) ? address : undefined,
  };
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
