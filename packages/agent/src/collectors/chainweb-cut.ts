import { decodeCut, hashBytes } from '@stoa/protocol/chainweb';
import { type ChainwebDeps, ChainwebNodeError, expectOk, networkPath } from '#collectors/chainweb-api.ts';
import type { Collector } from '#collectors/collector.ts';
import type { Cut } from '#collectors/cut.ts';
import { type FollowerDeps, HeaderFollower } from '#collectors/header-follower.ts';
import { textOf } from '#http.ts';

export interface CutDeps extends FollowerDeps {
  pollMs: number;
}

const TIMEOUT_MS = 5000;
const MAX_BYTES = 64 * 1024;
/** While headers stream in, polling only makes sure that none was missed. */
const STREAMING_POLL_MS = 60_000;

/** Polls `/cut`; where the node streams headers (`--header-stream`), tips come as they are found. */
export function cutCollector(deps: CutDeps): Collector<Cut> {
  const follower = new HeaderFollower(deps);
  return {
    name: 'cut',
    periodMs: () => (follower.streaming ? STREAMING_POLL_MS : deps.pollMs),
    timeoutMs: TIMEOUT_MS,
    collect: (signal) => pollCut(deps, signal),
    follow: (feed, signal) => follower.run(feed, signal),
  };
}

/** @throws HttpError, ChainwebNodeError, ChainwebError */
export async function pollCut(deps: ChainwebDeps, signal?: AbortSignal): Promise<Cut> {
  const url = `${deps.serviceUrl}${networkPath(deps.network)}/cut`;
  const response = await deps.http.request({ url, timeoutMs: TIMEOUT_MS, maxBytes: MAX_BYTES, signal });
  expectOk(response, url, deps.network);
  const { tips, height, weight, instance } = decodeCut(textOf(response));
  if (instance !== deps.network)
    throw new ChainwebNodeError(
      'wrong_network',
      `${url} is a node of '${instance}', not of '${deps.network}': set CHAINWEB_NETWORK or CHAINWEB_URL`,
    );
  return {
    tips: tips.map((tip) => ({ ...tip, hash: hashBytes(tip.hash) })),
    height,
    weight,
    source: 'poll',
  };
}
