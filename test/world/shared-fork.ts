import type { Branch, SimulatedNetwork, SimulatedNode } from '../chainweb/index.ts';

/**
 * Blocks below the tip where the branch began, and its share of the main branch's hash rate: never the heavier one on any
 * chain, not by luck either, since from three owners on its nodes vouch for it.
 */
const FORK = { depth: 8, speed: 0.4 };

/** The one losing branch that all forked nodes follow; its miners give up when the last node leaves. */
export class SharedFork {
  readonly #network: SimulatedNetwork;
  #branch: Branch | undefined;
  #followers = 0;

  constructor(network: SimulatedNetwork) {
    this.#network = network;
  }

  /** Returns the way back to the main branch. */
  join(node: SimulatedNode): () => void {
    this.#branch ??= this.#network.fork(FORK);
    this.#followers += 1;
    node.follow(this.#branch);
    return () => {
      node.follow(this.#network.main);
      this.#followers -= 1;
      if (this.#followers > 0) return;
      this.#branch = undefined;
      this.#network.heal();
    };
  }
}
