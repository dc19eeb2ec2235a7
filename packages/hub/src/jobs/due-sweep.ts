import type { Clock } from '../clock.ts';
import type { DispatchStore, DueCursor } from './dispatch-store.ts';

interface DueSweepDeps {
  readonly store: DispatchStore;
  readonly instance: string;
  readonly clock: Clock;
  readonly ring: (nodeIds: readonly string[]) => Promise<void>;
}

/** Jobs looked at: as many as the sessions of an instance may take in a round. */
const LIMIT = 5_000;
/** Pages of a tick: what is due now is found within it, unless very much is. */
const PAGES = 4;

/**
 * Finds what is due on nodes with a session here and rings for it: what was scheduled for now, what the caps held back,
 * and what a lost bell left lying. A tick goes on where the one before stopped, so that what can't begin yet, however much
 * it is, hides nothing that can.
 */
export class DueSweep {
  readonly name = 'due-sweep';
  readonly periodMs = 5_000;
  readonly #deps: DueSweepDeps;
  #after: DueCursor | undefined;

  constructor(deps: DueSweepDeps) {
    this.#deps = deps;
  }

  async tick(): Promise<void> {
    const { store, instance, clock, ring } = this.#deps;
    const now = clock.now();
    for (let page = 0; page < PAGES; page += 1) {
      const { nodeIds, next } = await store.waiting(instance, { now, after: this.#after, limit: LIMIT });
      this.#after = next;
      await ring(nodeIds);
      if (next === undefined) return;
    }
  }
}
