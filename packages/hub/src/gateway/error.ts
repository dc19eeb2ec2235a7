import { HubError } from '../error.ts';
import type { KnownNode } from './session-store.ts';

/** The Hello proves neither of the last two ratchet secrets: a copy of an older state of the node's data directory (F07). */
export class StaleCopyError extends HubError<'stale_copy'> {
  readonly node: KnownNode;
  readonly copy: { readonly bootId: string; readonly address: string };

  constructor(node: KnownNode, copy: { bootId: string; address: string }) {
    super(
      'stale_copy',
      `a stale copy of node ${node.nodeId} called from ${copy.address}: it is quarantined, the node itself is not touched`,
      {
        retry: true,
      },
    );
    this.node = node;
    this.copy = copy;
  }
}

/** Its owner or an admin refused the node, or retired it. Reversible: the agent keeps its identity and asks again in an hour. */
export class RefusedNodeError extends HubError<'node_refused'> {
  readonly nodeId: string;
  readonly reason: 'refused' | 'retired';

  constructor(nodeId: string, reason: 'refused' | 'retired') {
    super('node_refused', `node ${nodeId} is ${reason}`, { retry: true });
    this.nodeId = nodeId;
    this.reason = reason;
  }
}
