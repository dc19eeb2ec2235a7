import type { Bus } from '../bus.ts';
import type { Task } from '../ticker.ts';
import type { Corroboration } from './corroboration.ts';
import { HeadWatch } from './head-watch.ts';
import { type Fetch, ReferencePoller } from './reference-poller.ts';
import type { VerifiedSet } from './verified-set.ts';

/** A reference node that takes longer than this for one answer is asked again at the next tick. */
const NODE_ANSWERS_MS = 20_000;

/** What keeps the heads true: they are watched, and asked for at the hub's own node where there is one. */
export function tipTasks(by: {
  set: VerifiedSet;
  corroboration: Corroboration;
  bus: Bus;
  /** Service API of the hub's own node. */
  node: URL | undefined;
  fetch: Fetch;
}): Task[] {
  const { set, corroboration, bus, node, fetch } = by;
  const watch = new HeadWatch({ set, onMove: (heights) => bus.publish('heads', { heights }) });
  if (node === undefined) return [watch];
  const poller = new ReferencePoller({
    ...{ set, corroboration, fetch, url: node.href.replace(/\/$/, '') },
    deadline: () => AbortSignal.timeout(NODE_ANSWERS_MS),
    reporter: { nodeId: 'reference', ownerId: 'hub', network: 'hub', reference: true },
  });
  return [watch, { name: 'reference-poller', periodMs: 5_000, tick: () => poller.tick() }];
}
