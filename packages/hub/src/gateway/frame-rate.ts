import type { Task } from '../ticker.ts';

/** Frames a second over the last few seconds. */
export class FrameRate implements Task {
  readonly name = 'frame-rate';
  readonly periodMs = 5_000;
  readonly #count: () => number;
  #last = 0;
  perSecond = 0;

  constructor(count: () => number) {
    this.#count = count;
  }

  tick(): void {
    const count = this.#count();
    this.perSecond = (count - this.#last) / (this.periodMs / 1000);
    this.#last = count;
  }
}
