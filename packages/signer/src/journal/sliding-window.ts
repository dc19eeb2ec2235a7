/** Times of acts, oldest first; those that left the window are forgotten as time goes on. Times never go back. */
export class SlidingWindow {
  readonly windowMs: number;
  #times: number[] = [];
  #start = 0;

  constructor(windowMs: number) {
    this.windowMs = windowMs;
  }

  add(at: number): void {
    this.#forget(at);
    this.#times.push(at);
  }

  count(now: number): number {
    this.#forget(now);
    return this.#times.length - this.#start;
  }

  /** When the last `count` acts will have left the window; undefined if there are fewer. */
  freeAt(count: number): number | undefined {
    const oldest = this.#times[this.#times.length - count];
    return oldest === undefined ? undefined : oldest + this.windowMs;
  }

  #forget(now: number): void {
    while (this.#start < this.#times.length && this.#times[this.#start]! <= now - this.windowMs)
      this.#start += 1;
    // Copies rarely enough that adding stays cheap over any number of acts.
    if (this.#start > 1024 && this.#start * 2 > this.#times.length) {
      this.#times = this.#times.slice(this.#start);
      this.#start = 0;
    }
  }
}
