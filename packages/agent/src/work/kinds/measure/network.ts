import { ProtocolError, parseManifest, parseStatement } from '@stoa/protocol';
import type { Clock } from '#clock.ts';
import { type Http, textOf } from '#http.ts';
import { HttpError } from '#http-error.ts';

export interface NetworkFigures {
  readonly downloadMbitPerSecond: number | undefined;
  readonly jitterMs: number | undefined;
  /** 0 to 1. */
  readonly loss: number;
}

const PROBES = 20;
const PROBE_MS = 2_000;
const DOWNLOAD_MS = 8_000;

/** Against the region's hub, over the way that the agent goes: round trips of small requests, then its largest file. */
export async function measureNetwork(
  { http, clock }: { http: Http; clock: Clock },
  hub: string,
  signal: AbortSignal,
): Promise<NetworkFigures> {
  const trips: number[] = [];
  for (let probe = 0; probe < PROBES; probe += 1) {
    signal.throwIfAborted();
    const started = clock.monotonic();
    const answered = await http
      .request({ url: `${hub}/healthz`, timeoutMs: PROBE_MS, signal })
      .catch(() => undefined);
    if (answered !== undefined) trips.push(clock.monotonic() - started);
  }
  return {
    downloadMbitPerSecond: await speedOf({ http, clock }, hub, signal),
    jitterMs: jitterOf(trips),
    loss: 1 - trips.length / PROBES,
  };
}

/** Mean of the differences between one round trip and the next (RFC 3550). */
function jitterOf(trips: readonly number[]): number | undefined {
  const steps = trips.slice(1).map((trip, index) => Math.abs(trip - trips[index]!));
  return steps.length === 0 ? undefined : steps.reduce((sum, step) => sum + step, 0) / steps.length;
}

async function speedOf(
  { http, clock }: { http: Http; clock: Clock },
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
