import type { Clock as AgentClock } from '@stoa/agent';
import type { Clock as HubClock } from '@stoa/hub';

/** The hub's face of a clock that agents use too. */
export function asHubClock(clock: AgentClock): HubClock {
  return {
    now: () => clock.now(),
    after(delayMs, task) {
      const timer = clock.after(delayMs, task);
      return () => timer.cancel();
    },
  };
}

/**
 * As `asHubClock`, with delays from 250 ms on stretched to the next full `stepMs`. On virtual time every flush of the hub
 * costs real I/O, so that a day of four a second would take a quarter of an hour.
 */
export function asCoarseHubClock(clock: AgentClock, stepMs: number): HubClock {
  const exact = asHubClock(clock);
  return {
    now: exact.now,
    after(delayMs, task) {
      if (delayMs < 250) return exact.after(delayMs, task);
      const now = clock.monotonic();
      return exact.after(Math.ceil((now + delayMs) / stepMs) * stepMs - now, task);
    },
  };
}

/** One machine's own idea of the time: its wall clock is off, its seconds are not (F21). */
export class SkewedClock implements AgentClock {
  skewMs = 0;
  readonly #true: AgentClock;

  constructor(clock: AgentClock) {
    this.#true = clock;
  }

  now(): number {
    return this.#true.now() + this.skewMs;
  }

  monotonic(): number {
    return this.#true.monotonic();
  }

  after(delayMs: number, task: () => void): ReturnType<AgentClock['after']> {
    return this.#true.after(delayMs, task);
  }
}

/** In the order in which they became due. What is done is let go in one piece. */
class Due {
  #batch: readonly (() => void)[] = [];
  #done = 0;
  #coming: (() => void)[] = [];

  get some(): boolean {
    return this.#done < this.#batch.length || this.#coming.length > 0;
  }

  push(task: () => void): void {
    this.#coming.push(task);
  }

  next(): (() => void) | undefined {
    if (this.#done === this.#batch.length) {
      this.#batch = this.#coming;
      this.#coming = [];
      this.#done = 0;
    }
    const task = this.#batch[this.#done];
    if (task !== undefined) this.#done += 1;
    return task;
  }
}

/** What is due may hold the event loop for so long in a turn. */
const TURN_MS = 10;

/**
 * As the clock, but what is due goes in slices, and between them the event loop reads. Node runs all timers that are due
 * before it does: of ten thousand agents that have more to do than the machine can, none would hear from its hub again.
 */
export function createFairClock(clock: AgentClock): AgentClock {
  const due = new Due();
  function turn(): void {
    const until = performance.now() + TURN_MS;
    try {
      for (let task = due.next(); task !== undefined; task = due.next()) {
        task();
        if (performance.now() >= until) return;
      }
    } finally {
      if (due.some) setImmediate(turn);
    }
  }
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after(delayMs, task) {
      let cancelled = false;
      const timer = clock.after(delayMs, () => {
        if (!due.some) setImmediate(turn);
        due.push(() => {
          if (!cancelled) task();
        });
      });
      return {
        cancel() {
          cancelled = true;
          timer.cancel();
        },
      };
    },
  };
}
