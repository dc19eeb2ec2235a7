import { type Clock, createClock, type Timer } from '@stoa/agent';

/** The pauses between two looks of a job; whatever is longer bounds what hangs. */
const LONGEST_PAUSE_MS = 2_000;
const SPEED = 20;
const HOUR_MS = 3_600_000;

/**
 * For jobs on a real host: they look again sooner, and wait as long as ever for what is to come. Where it is not to come,
 * the test says so, on having seen why: no wait of theirs depends on how quick the machine is.
 */
export class JobClock implements Clock {
  readonly #real: Clock = createClock();
  #aheadMs = 0;
  #givesUp = false;

  now(): number {
    return this.#real.now();
  }

  monotonic(): number {
    return this.#real.monotonic() + this.#aheadMs;
  }

  after(ms: number, task: () => void): Timer {
    if (ms > LONGEST_PAUSE_MS) return this.#real.after(ms, task);
    if (this.#givesUp) this.#aheadMs += HOUR_MS;
    this.#givesUp = false;
    return this.#real.after(ms / SPEED, task);
  }

  /** The next pause takes an hour by this clock: the job that waits then waits no longer. */
  giveUp(): void {
    this.#givesUp = true;
  }
}
