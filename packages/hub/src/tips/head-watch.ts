import type { Task } from '../ticker.ts';
import type { VerifiedSet } from './verified-set.ts';

/** Tells when the verified heads have moved, at most once a second. */
export class HeadWatch implements Task {
  readonly name = 'head-watch';
  readonly periodMs = 1_000;
  readonly #set: Pick<VerifiedSet, 'heads'>;
  readonly #onMove: (heights: readonly number[]) => void;
  #last = '';

  constructor(by: { set: Pick<VerifiedSet, 'heads'>; onMove: (heights: readonly number[]) => void }) {
    this.#set = by.set;
    this.#onMove = by.onMove;
  }

  tick(): void {
    const heads = this.#set.heads();
    const hashes = heads.map((header) => header.hash).join();
    if (hashes === this.#last) return;
    this.#last = hashes;
    this.#onMove(heads.map((header) => header.height));
  }
}
