/** Milliseconds since 1970. */
export interface Clock {
  now(): number;
}

/** Stands still until it is moved. */
export class ManualClock implements Clock {
  #now: number;

  constructor(now = Date.UTC(2026, 10, 25, 12)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  advance(ms: number): void {
    this.#now += ms;
  }
}
