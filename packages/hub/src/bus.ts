import type { Log } from './log.ts';

/** What is told inside the hub, and how often: a listener needs no more than this to follow the fleet. */
export interface Topics {
  /** Nodes whose stored state changed since the last flush; at most every 250 ms. */
  nodes: { readonly ids: readonly string[] };
  /** The verified heads moved; heights by chain. */
  heads: { readonly heights: readonly number[] };
  sessions: { readonly nodeId: string; readonly kind: 'opened' | 'closed' | 'replaced' | 'quarantined' };
  enrolled: { readonly nodeId: string };
  /** Jobs whose row changed, here or by this instance. */
  jobs: { readonly ids: readonly string[] };
  /** The key of an owner gave way to the next. */
  ownerKeys: { readonly owner: string };
  /**
   * An account may see or do less: a share ended or changed, a node went, its tier, a session. By id or e-mail; undefined
   * where it may concern anybody.
   */
  rights: { readonly account: string | undefined };
  /** Who owns these nodes now. */
  owners: { readonly nodes: readonly { readonly nodeId: string; readonly owner: string }[] };
  /** A release was published, by this instance or another; the version of its targets metadata. */
  releases: { readonly targetsVersion: number };
  /** Rollouts that moved, or whose evidence is new. */
  rollouts: { readonly ids: readonly string[] };
  /** Nodes that spoke of their updates, here. */
  updates: { readonly ids: readonly string[] };
}

export type Listener<T extends keyof Topics> = (payload: Topics[T]) => void;

/** Tells listeners of this process at once, in the order they came. What a listener throws is logged and hurts nobody. */
export class Bus {
  readonly #log: Pick<Log, 'error'>;
  readonly #listeners: { [T in keyof Topics]: Set<Listener<T>> } = {
    nodes: new Set(),
    heads: new Set(),
    sessions: new Set(),
    enrolled: new Set(),
    jobs: new Set(),
    ownerKeys: new Set(),
    rights: new Set(),
    owners: new Set(),
    releases: new Set(),
    rollouts: new Set(),
    updates: new Set(),
  };

  constructor(by: { log: Pick<Log, 'error'> }) {
    this.#log = by.log;
  }

  publish<T extends keyof Topics>(topic: T, payload: Topics[T]): void {
    for (const listener of [...this.#listeners[topic]]) {
      try {
        listener(payload);
      } catch (error) {
        this.#log.error({ topic, err: error }, 'a listener of the bus failed');
      }
    }
  }

  /** Returns the function that ends the subscription. */
  subscribe<T extends keyof Topics>(topic: T, listener: Listener<T>): () => void {
    const listeners: Set<Listener<T>> = this.#listeners[topic];
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
    };
  }
}
