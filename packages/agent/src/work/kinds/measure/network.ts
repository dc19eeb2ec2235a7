import { isIP } from 'node:net';
import { ProtocolError, parseManifest, parseStatement } from '@stoa/protocol';
import type { Clock } from '#clock.ts';
import { networkPath } from '#collectors/chainweb-api.ts';
import type { AgentConfig } from '#config.ts';
import { type Http, type HttpRequest, textOf } from '#http.ts';
import { HttpError } from '#http-error.ts';
import { isPublicAddress } from '#public-address.ts';
import { mirrorHttp } from '#update/mirror-http.ts';

export interface NetworkFigures {
  readonly downloadMbitPerSecond: number | undefined;
  readonly jitterMs: number | undefined;
  /** 0 to 1. */
  readonly loss: number;
  /** Against how many ends it was measured: the hub, and peers that answered. */
  readonly targets: number;
}

export interface NetworkDeps {
  readonly http: Http;
  /** To this host's chainweb-node. */
  readonly nodeHttp: Http;
  readonly clock: Clock;
  readonly config: Pick<AgentConfig, 'network' | 'chainwebP2pUrl'>;
}

interface Trips {
  /** Round trips of the probes that were answered, ms. */
  readonly trips: readonly number[];
  readonly probes: number;
}

const PROBES = 20;
const PROBE_MS = 2_000;
const DOWNLOAD_MS = 8_000;
const PEERS = 3;
const PEERS_BYTES = 256 * 1024;
const LEAST_PORT = 1_024;

/**
 * Round trips of small requests to the region's hub, over the way that the agent goes, and to peers of this host's node; then
 * the hub's largest file. A peer that never answers says nothing about this machine, and is left out.
 */
export async function measureNetwork(
  deps: NetworkDeps,
  hub: string,
  signal: AbortSignal,
): Promise<NetworkFigures> {
  const { clock } = deps;
  const guarded = mirrorHttp({ http: deps.http, hub: () => hub, allowed: isPublicAddress });
  const near = await tripsTo({ clock, http: deps.http, request: { url: `${hub}/healthz` } }, signal);
  const ends = [near];
  for (const url of await peerUrls(deps, signal)) {
    const far = await tripsTo({ clock, http: guarded, request: { url, selfSigned: true } }, signal);
    if (far.trips.length > 0) ends.push(far);
  }
  return { downloadMbitPerSecond: await speedOf(deps, hub, signal), ...overEnds(ends) };
}

/** The median of the jitter, so that one bad peer costs nothing, and what was lost of all probes. */
export function overEnds(ends: readonly Trips[]): Omit<NetworkFigures, 'downloadMbitPerSecond'> {
  const jitters = ends.flatMap(({ trips }) => jitterOf(trips) ?? []).sort((a, b) => a - b);
  const probes = ends.reduce((sum, end) => sum + end.probes, 0);
  const answered = ends.reduce((sum, end) => sum + end.trips.length, 0);
  return {
    jitterMs: jitters[Math.floor(jitters.length / 2)],
    loss: 1 - answered / probes,
    targets: ends.filter(({ trips }) => trips.length > 0).length,
  };
}

async function tripsTo(
  by: { clock: Clock; http: Http; request: Pick<HttpRequest, 'url' | 'selfSigned'> },
  signal: AbortSignal,
): Promise<Trips> {
  const trips: number[] = [];
  for (let probe = 0; probe < PROBES; probe += 1) {
    signal.throwIfAborted();
    const started = by.clock.monotonic();
    const answered = await by.http
      .request({ ...by.request, timeoutMs: PROBE_MS, signal, maxBytes: PEERS_BYTES })
      .catch(() => undefined);
    if (answered !== undefined) trips.push(by.clock.monotonic() - started);
    // It is not there: the other probes would take 2 s each to say so again.
    else if (probe === 2 && trips.length === 0 && by.request.selfSigned) break;
  }
  return { trips, probes: PROBES };
}

/** Of a few of the peers that this host's node knows; none while it does not run. Peers elsewhere than on the internet are not asked. */
async function peerUrls({ nodeHttp, config }: NetworkDeps, signal: AbortSignal): Promise<readonly string[]> {
  const path = networkPath(config.network);
  try {
    const answer = await nodeHttp.request({
      url: `${config.chainwebP2pUrl}${path}/cut/peer`,
      timeoutMs: PROBE_MS,
      selfSigned: true,
      signal,
    });
    return peersIn(JSON.parse(textOf(answer)), path);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HttpError || error instanceof SyntaxError) return [];
    throw error;
  }
}

/**
 * URLs of the first few in a node's table of peers. Strangers write there what they like: neither an address that is not public
 * nor the port of a well-known service is dialled on their word.
 */
export function peersIn(table: unknown, path: string): readonly string[] {
  const items = (table as { items?: unknown } | null)?.items;
  return (Array.isArray(items) ? items : [])
    .flatMap((item: { address?: { hostname?: unknown; port?: unknown } } | null) => {
      const { hostname, port } = item?.address ?? {};
      if (typeof hostname !== 'string' || typeof port !== 'number' || port < LEAST_PORT) return [];
      if (isIP(hostname) !== 0 && !isPublicAddress(hostname)) return [];
      const host = isIP(hostname) === 6 ? `[${hostname}]` : hostname;
      const url = `https://${host}:${port}${path}/cut/peer?limit=1`;
      return URL.canParse(url) ? [url] : [];
    })
    .slice(0, PEERS);
}

/** Mean of the differences between one round trip and the next (RFC 3550). */
function jitterOf(trips: readonly number[]): number | undefined {
  const steps = trips.slice(1).map((trip, index) => Math.abs(trip - trips[index]!));
  return steps.length === 0 ? undefined : steps.reduce((sum, step) => sum + step, 0) / steps.length;
}

async function speedOf(
  { http, clock }: Pick<NetworkDeps, 'http' | 'clock'>,
  hub: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const url = await largestFile(http, hub, signal);
  if (url === undefined) return undefined;
  const stream = await http.stream({ url, timeoutMs: DOWNLOAD_MS, signal }).catch(() => undefined);
  if (stream === undefined) return undefined;
  const started = clock.monotonic();
  let bytes = 0;
  try {
    if (stream.status !== 200) return undefined;
    for await (const chunk of stream.chunks) {
      bytes += chunk.length;
      if (clock.monotonic() - started > DOWNLOAD_MS) break;
    }
  } finally {
    stream.close();
  }
  const seconds = (clock.monotonic() - started) / 1000;
  return seconds > 0 ? (bytes * 8) / 1e6 / seconds : undefined;
}

/** The agent's own archive, which every hub serves to anybody; undefined where it has none. */
async function largestFile(http: Http, hub: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const answer = await http.request({ url: `${hub}/download/statement`, timeoutMs: PROBE_MS, signal });
    const { artefacts } = parseManifest(parseStatement(textOf(answer)).manifest);
    const [largest] = artefacts.toSorted((a, b) => b.size - a.size);
    return largest && `${hub}/download/sha256/${largest.sha256}`;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof HttpError || error instanceof ProtocolError) return undefined;
    throw error;
  }
}
