import type { OrderTree } from './order-tree.ts';
import type { AdminPapers } from './store.ts';

export interface HeldOrder {
  readonly papers: AdminPapers | undefined;
  readonly tree: OrderTree;
}

/** Nodes of all trees together; a node takes about 100 bytes. */
const MAX_NODES = 1_000_000;

/** Trees of the orders that jobs are being leased under: each is built once, however many jobs ask at a time. */
export class TreeCache {
  readonly #maxNodes: number;
  /** The one used last stands last. */
  readonly #held = new Map<string, Promise<HeldOrder | undefined>>();
  readonly #nodes = new Map<string, number>();

  constructor(maxNodes: number = MAX_NODES) {
    this.#maxNodes = maxNodes;
  }

  /** Undefined, and not remembered, where there is none. */
  async of(orderId: string, load: () => Promise<HeldOrder | undefined>): Promise<HeldOrder | undefined> {
    const held = this.#held.get(orderId) ?? load();
    this.#held.delete(orderId);
    this.#held.set(orderId, held);
    try {
      const order = await held;
      if (order === undefined) this.#forget(orderId);
      else this.#count(orderId, order.tree.nodes);
      return order;
    } catch (error) {
      this.#forget(orderId);
      throw error;
    }
  }

  #count(orderId: string, nodes: number): void {
    if (!this.#held.has(orderId)) return;
    this.#nodes.set(orderId, nodes);
    for (const oldest of this.#held.keys()) {
      if (this.size <= this.#maxNodes || oldest === orderId) return;
      this.#forget(oldest);
    }
  }

  /** Nodes held. */
  get size(): number {
    return [...this.#nodes.values()].reduce((sum, nodes) => sum + nodes, 0);
  }

  #forget(orderId: string): void {
    this.#held.delete(orderId);
    this.#nodes.delete(orderId);
  }
}
