/** So many at once, then one a period; nobody waits for longer than that, however many were taken in vain. */
export class Allowance {
  readonly #burst: number;
  readonly #periodMs: number;
  /** When all of it is there again, on the clock of the caller. */
  #fullAt = Number.NEGATIVE_INFINITY;

  constructor({ burst, periodMs }: { burst: number; periodMs: number }) {
    this.#burst = burst;
    this.#periodMs = periodMs;
  }

  /** Takes one. @returns ms to wait before it may be used. */
  take(now: number): number {
    const all = this.#burst * this.#periodMs;
    this.#fullAt = Math.min(Math.max(this.#fullAt, now) + this.#periodMs, now + all + this.#periodMs);
    return Math.max(0, this.#fullAt - now - all);
  }
}
