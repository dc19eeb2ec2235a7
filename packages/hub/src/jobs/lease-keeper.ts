import type { Clock } from '../clock.ts';
import type { LeaseStore } from './lease-store.ts';
import { UNKNOWN_MS } from './state.ts';

export interface LeaseKeeperDeps {
  readonly store: LeaseStore;
  /** Where peers reach this instance; empty where they don't. */
  readonly url: string;
  readonly clock: Clock;
  /** These nodes have work again. */
  readonly onReady: (nodeIds: readonly string[]) => Promise<void>;
  readonly onSettled: (jobs: readonly { readonly jobId: string }[]) => void;
}

const PERIOD_MS = 5_000;
/** An instance that was not heard of for longer is silent. */
const SILENT_MS = 4 * PERIOD_MS;
const GIVING_UP_MS = 60_000;

/**
 * Ends leases that were not renewed. Where this instance itself could not renew them, having just started, having been
 * stopped, or without its database, they get the failover grace first: one rule, since to the leases it is one case.
 */
export class LeaseKeeper {
  readonly name = 'lease-keeper';
  readonly periodMs = PERIOD_MS;
  readonly #deps: LeaseKeeperDeps;
  #lastAt = Number.NEGATIVE_INFINITY;
  #gaveUpAt = Number.NEGATIVE_INFINITY;

  constructor(deps: LeaseKeeperDeps) {
    this.#deps = deps;
  }

  async tick(): Promise<void> {
    const { store, url, clock, onReady, onSettled } = this.#deps;
    const now = clock.now();
    if (now - this.#lastAt > SILENT_MS) await store.extend(now);
    await store.seen(now, url);
    this.#lastAt = now;
    const lost = await store.expire(now, SILENT_MS);
    // Unknown ones too: what was never acknowledged is sent again.
    const ready = lost.filter(({ state }) => state === 'queued' || state === 'unknown');
    await onReady([...new Set(ready.map(({ nodeId }) => nodeId))]);
    onSettled(lost);
    if (now - this.#gaveUpAt < GIVING_UP_MS) return;
    this.#gaveUpAt = now;
    onSettled(await store.giveUp(now, UNKNOWN_MS));
  }
}
