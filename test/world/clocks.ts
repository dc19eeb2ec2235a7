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

/** What is due may hold the event loop for so long in a turn. */
const TURN_MS = 10;

/**
 * As the clock, but what is due goes in slices, and between them the event loop reads. Node runs all timers that are due
 * before it does: of ten thousand agents that have more to do than the machine can, none would hear from its hub again.
 */
export function createFairClock(clock: AgentClock): AgentClock {
  let due: (() => void)[] = [];
  function turn(): void {
    const until = performance.now() + TURN_MS;
    let done = 0;
    try {
      while (done < due.length && performance.now() < until) {
        done += 1;
        due[done - 1]!();
      }
    } finally {
      due = due.slice(done);
      if (due.length > 0) setImmediate(turn);
    }
  }
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    after(delayMs, task) {
      let cancelled = false;
      const timer = clock.after(delayMs, () => {
        const first = due.length === 0;
        due.push(() => {
          if (!cancelled) task();
        });
        if (first) setImmediate(turn);
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
