import { type Clock, systemClock } from '@stoa/hub';

/** Time runs as it does and timers are real; the test may move the time of day on. */
export class ShiftedClock implements Clock {
  readonly after = systemClock.after;
  #aheadMs = 0;

  readonly now = (): number => systemClock.now() + this.#aheadMs;

  advance(ms: number): void {
    this.#aheadMs += ms;
  }
}
