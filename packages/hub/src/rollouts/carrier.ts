import type { Rollout } from './rollout.ts';

/**
 * The way of a rollout's cargo to nodes, and of their words back: all that differs between cargos while it runs. Rings,
 * gates, limits, halts and deadlines are the same for each.
 */
export interface Carrier {
  /** Takes down what nodes have said since, where that comes by no frame of its own. */
  hear(by: { now: number; deaf: boolean }): Promise<void>;
  /** Hands it to nodes that were assigned. Idempotent. */
  give(nodeIds: readonly string[], now: number): Promise<void>;
  /** Takes it back from nodes that have not begun. */
  recall(now: number): Promise<void>;
  /** Ends it on nodes that a person gave up. */
  giveUp(nodeIds: readonly string[], now: number): Promise<void>;
}

export type Carriers = (rollout: Rollout) => Carrier;
