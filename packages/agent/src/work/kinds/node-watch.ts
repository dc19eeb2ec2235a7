import { decodeHeader } from '@stoa/protocol/chainweb';
import { sleep } from '#clock.ts';
import type { ChainwebDeps } from '#collectors/chainweb-api.ts';
import { pollCut } from '#collectors/chainweb-cut.ts';
import { fetchHeader } from '#collectors/chainweb-header.ts';
import { askService } from '#collectors/chainweb-info.ts';
import type { Cut } from '#collectors/cut.ts';
import { ownNode } from '#collectors/own-node.ts';
import { type ChainwebProcesses, processCollector } from '#collectors/process.ts';
import { describeError } from '#error.ts';
import type { RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import type { KindDeps } from '#work/kinds/deps.ts';

const POLL_MS = 1_000;
const UP_MS = 5 * 60_000;
const DOWN_MS = 3 * 60_000;
/** Blocks come every 30 s, and a chain may wait for its neighbours: older tips than this are behind. */
const TIP_AGE_MS = 5 * 60_000;

export function nodeOf({
  nodeHttp: http,
  clock,
  config,
}: Pick<KindDeps, 'nodeHttp' | 'clock' | 'config'>): ChainwebDeps {
  const { chainwebUrl: serviceUrl, chainwebP2pUrl: p2pUrl, network } = config;
  return { http, clock, serviceUrl, p2pUrl, network };
}

/** The process of this agent's own node, undefined while it is down; how many nodes the host runs. */
export async function findNode(
  { proc, clock, config }: KindDeps,
  signal: AbortSignal,
): Promise<Pick<ChainwebProcesses, 'node' | 'count'>> {
  const portOf = (url: string): string => new URL(url).port;
  const ports = { servicePort: portOf(config.chainwebUrl), p2pPort: portOf(config.chainwebP2pUrl) };
  const collector = processCollector({ proc, clock, ...ports, inspectContainer: async () => undefined });
  const found = await collector.collect(signal);
  return { node: ownNode(found, ports), count: found.count };
}

/** Of the service API. @throws JobError `node_not_up` with what it said last. */
export async function awaitUp(deps: KindDeps, job: RunningJob): Promise<void> {
  let last = '';
  await until(deps, job, UP_MS, async () => {
    try {
      await askService(nodeOf(deps), job.signal);
      return true;
    } catch (error) {
      last = describeError(error).message;
      return false;
    }
  }).catch((cause: unknown) => {
    throw cause instanceof Late
      ? new JobError('node_not_up', `chainweb-node did not come up: ${last}`, cause)
      : cause;
  });
}

/** @throws JobError `node_not_down`. */
export async function awaitDown(deps: KindDeps, job: RunningJob): Promise<void> {
  await until(deps, job, DOWN_MS, async () => (await findNode(deps, job.signal)).node === undefined).catch(
    (cause: unknown) => {
      throw cause instanceof Late ? new JobError('node_not_down', 'chainweb-node still runs', cause) : cause;
    },
  );
}

export interface TipGate {
  /** Longest wait, ms. */
  readonly withinMs: number;
  /** Sum of heights that the node had before; less than that is no tip. */
  readonly atLeast?: number;
}

/**
 * Until every chain's tip is fresh by its own header: no word of a hub is needed, and none of a peer is believed.
 * @throws JobError `not_at_tip` with how far behind it was.
 */
export async function awaitTip(
  deps: KindDeps,
  job: RunningJob,
  { withinMs, atLeast = 0 }: TipGate,
): Promise<Cut> {
  let behind: number | undefined;
  let first: number | undefined;
  let reached: Cut | undefined;
  await until(deps, job, withinMs, async () => {
    const look = await lookAtTip(deps, job.signal).catch(() => undefined);
    if (look === undefined) return false;
    behind = look.behindMs;
    first ??= Math.max(1, behind);
    job.progress(
      Math.max(0, Math.min(99, Math.round(100 * (1 - behind / first)))),
      'catching up with the tip',
    );
    reached = look.cut;
    return behind <= TIP_AGE_MS && look.cut.height >= atLeast;
  }).catch((cause: unknown) => {
    if (!(cause instanceof Late)) throw cause;
    const far =
      behind === undefined
        ? 'it does not answer'
        : `its oldest tip is ${Math.round(behind / 60_000)} min old`;
    throw new JobError(
      'not_at_tip',
      `chainweb-node did not reach the tip in ${withinMs / 60_000} min: ${far}`,
      cause,
    );
  });
  return reached!;
}

/** How old the oldest tip is, by this host's clock. */
export async function lookAtTip(
  deps: KindDeps,
  signal: AbortSignal,
): Promise<{ cut: Cut; behindMs: number }> {
  const node = nodeOf(deps);
  const cut = await pollCut(node, signal);
  const ages = await Promise.all(
    cut.tips.map(async (tip) => {
      const header = decodeHeader(await fetchHeader(node, tip, signal));
      return deps.clock.now() - Number(header.creationTime / 1000n);
    }),
  );
  return { cut, behindMs: Math.max(0, ...ages) };
}

class Late extends Error {}

async function until(
  { clock }: KindDeps,
  job: RunningJob,
  withinMs: number,
  holds: () => Promise<boolean>,
): Promise<void> {
  const end = clock.monotonic() + withinMs;
  while (!(await holds())) {
    job.signal.throwIfAborted();
    if (clock.monotonic() >= end) throw new Late(`not within ${withinMs} ms`);
    await sleep(clock, POLL_MS, job.signal);
  }
}
