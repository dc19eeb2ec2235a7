/** Time as the hub sees it; tests and the simulated world bring their own. */
export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Runs the task once after the delay; the returned function cancels it. */
  after(delayMs: number, task: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    return () => clearTimeout(timer);
  },
};
