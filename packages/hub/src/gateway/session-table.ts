import { CLOSE } from '@stoa/protocol';
import type { NodeSession } from './node-session.ts';

/** The sessions of this instance, one a node. */
export class SessionTable {
  readonly #sessions = new Map<string, NodeSession>();

  get size(): number {
    return this.#sessions.size;
  }

  get(nodeId: string): NodeSession | undefined {
    return this.#sessions.get(nodeId);
  }

  all(): IterableIterator<NodeSession> {
    return this.#sessions.values();
  }

  /** A newer session of the node ends the older one. */
  put(session: NodeSession): void {
    const { nodeId } = session.node;
    const older = this.#sessions.get(nodeId);
    this.#sessions.set(nodeId, session);
    older?.link.close(CLOSE.replaced, 'a newer session of this node');
  }

  /** Returns false where a newer session has taken its place. */
  remove(session: NodeSession): boolean {
    if (this.#sessions.get(session.node.nodeId) !== session) return false;
    return this.#sessions.delete(session.node.nodeId);
  }
}
