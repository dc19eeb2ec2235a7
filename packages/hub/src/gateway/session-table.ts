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

  /** In the order in which their nodes came; goes on while sessions come and go. */
  all(): IterableIterator<NodeSession> {
    return this.#sessions.values();
  }

  /** Of two sessions of a node the one with the higher epoch stays, whichever comes first. Returns whether it is this one. */
  put(session: NodeSession): boolean {
    const { nodeId } = session.node;
    const other = this.#sessions.get(nodeId);
    const stays = other === undefined || other.facts.epoch < session.facts.epoch;
    if (stays) this.#sessions.set(nodeId, session);
    const gone = stays ? other : session;
    gone?.link.close(CLOSE.replaced, 'a newer session of this node');
    return stays;
  }

  /** Returns false where another session has taken its place. */
  remove(session: NodeSession): boolean {
    if (this.#sessions.get(session.node.nodeId) !== session) return false;
    return this.#sessions.delete(session.node.nodeId);
  }
}
