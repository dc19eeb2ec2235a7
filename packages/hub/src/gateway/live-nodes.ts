import { LiveNode, type NodeFacts } from './live-node.ts';

/** Longer than a mass expiry can freeze states: until then a silent node may still be asked for. */
const KEPT_MS = 25 * 3_600_000;
const SWEEP_MS = 10 * 60_000;

/** Every node that has a session on this instance, or had its last one here within the last day. */
export class LiveNodes {
  readonly #nodes = new Map<string, LiveNode>();
  #sweptAt = 0;

  /** The node, with what the registry says of it now. */
  of(facts: NodeFacts): LiveNode {
    const held = this.#nodes.get(facts.nodeId);
    if (held !== undefined) {
      held.update(facts);
      return held;
    }
    const node = new LiveNode(facts);
    this.#nodes.set(facts.nodeId, node);
    return node;
  }

  /** A node that changed hands counts for its new owner from then on, not from its next session. */
  own(nodeId: string, owner: string): void {
    const node = this.#nodes.get(nodeId);
    if (node !== undefined) node.owner = owner;
  }

  all(): IterableIterator<LiveNode> {
    return this.#nodes.values();
  }

  /** It is another hub's now, or nobody's: its silence here tells nothing. */
  forget(nodeId: string): void {
    this.#nodes.delete(nodeId);
  }

  /** Forgets who has been away for longer than anybody asks. */
  sweep(now: number, isConnected: (nodeId: string) => boolean): void {
    if (now - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = now;
    for (const [nodeId, { lastSeen }] of this.#nodes)
      if (now - lastSeen > KEPT_MS && !isConnected(nodeId)) this.#nodes.delete(nodeId);
  }
}
