import type { Checkpoint } from '@stoa/protocol/chainweb';
import type { Bus } from '../bus.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Task } from '../ticker.ts';
import { Corroboration } from './corroboration.ts';
import { HeadWatch } from './head-watch.ts';
import type { ChainLag } from './lag.ts';
import { type Fetch, ReferencePoller } from './reference-poller.ts';
import { Reporters } from './reporters.ts';
import { type CheckpointFile, RollingCheckpoint, startingCheckpoint } from './rolling-checkpoint.ts';
import { VerifiedSet } from './verified-set.ts';

/** A reference node that takes longer than this for one answer is asked again at the next tick. */
const NODE_ANSWERS_MS = 20_000;

export interface LightClientDeps {
  /** By the admin. */
  readonly pinned: Checkpoint;
  /** Where the one that follows the head is kept. */
  readonly rolling: CheckpointFile;
  /** Service API of the hub's own node. */
  readonly node: URL | undefined;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly fetch: Fetch;
  readonly log: Log;
}

/** The hub's own view of the network. */
export interface LightClient {
  readonly set: VerifiedSet;
  readonly corroboration: Corroboration;
  /** What pages and rules read of it: `at` in milliseconds since 1970. */
  readonly heads: {
    heads(): { chain: number; height: number; hash: string; at: number }[];
    lag(tips: Iterable<{ readonly chain: number; readonly hash: string }>): readonly ChainLag[];
  };
  /** What keeps the heads true: they are watched, asked for at the hub's own node where there is one, and kept. */
  readonly tasks: readonly Task[];
}

export async function openLightClient(deps: LightClientDeps): Promise<LightClient> {
  const { pinned, rolling, clock, bus, log } = deps;
  const checkpoint = await startingCheckpoint(pinned, rolling, (err) =>
    log.warn({ err }, 'the checkpoint of an earlier run cannot be used: verifying from the pinned one'),
  );
  const set = new VerifiedSet({ checkpoint, clock, reporters: new Reporters({ clock }) });
  const corroboration = new Corroboration({ set });
  return {
    set,
    corroboration,
    heads: {
      lag: (tips) => set.lag(tips),
      heads: () =>
        set.heads().map(({ chain, height, hash, creationTime }) => ({
          chain,
          height,
          hash,
          at: Number(creationTime / 1000n),
        })),
    },
    tasks: [
      new HeadWatch({ set, onMove: (heights) => bus.publish('heads', { heights }) }),
      ...referencePoller(deps, { set, corroboration }),
      new RollingCheckpoint({ set, file: rolling, pinned }),
    ],
  };
}

function referencePoller(
  { node, fetch }: LightClientDeps,
  into: { set: VerifiedSet; corroboration: Corroboration },
): Task[] {
  if (node === undefined) return [];
  const poller = new ReferencePoller({
    ...into,
    ...{ fetch, url: node.href.replace(/\/$/, '') },
    deadline: () => AbortSignal.timeout(NODE_ANSWERS_MS),
    reporter: { nodeId: 'reference', ownerId: 'hub', network: 'hub', reference: true },
  });
  return [{ name: 'reference-poller', periodMs: 5_000, tick: () => poller.tick() }];
}
