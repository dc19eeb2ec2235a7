import type { Clock } from '../clock.ts';
import type { DispatchStore } from './dispatch-store.ts';

interface DueSweepDeps {
  readonly store: DispatchStore;
  readonly instance: string;
  readonly clock: Clock;
  readonly ring: (nodeIds: readonly string[]) => Promise<void>;
}

/** Jobs looked at: as many as the sessions of an instance may take in a round. */
const LIMIT = 5_000;

/**
 * Finds what is due on nodes with a session here and rings for it: what was scheduled for now, what the caps held back,
 * and what a lost bell left lying. One statement an instance, however many nodes it has.
 */
export class DueSweep {
  readonly name = 'due-sweep';
  readonly periodMs = 5_000;
  readonly #deps: DueSweepDeps;

  constructor(deps: DueSweepDeps) {
    this.#deps = deps;
  }

  async tick(): Promise<void> {
    const { store, instance, clock, ring } = this.#deps;
    await ring(await store.waiting(instance, clock.now(), LIMIT));
  }
}
