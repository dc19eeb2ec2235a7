import { AgentError } from '#error.ts';

export interface Timer {
  /** Idempotent. After it returns the task will not start. */
  cancel(): void;
}

/** The only source of time in the agent, so that its whole core runs on virtual time. */
export interface Clock {
  /** Wall clock, ms since 1970. May jump; for display and for reports only, never for a decision. */
  now(): number;
  /** ms since an arbitrary start. Never goes back; for deadlines, ages and intervals. */
  monotonic(): number;
  /** Runs `task` once, `delayMs` from now at the earliest. An error it throws is the process's. */
  after(delayMs: number, task: () => void): Timer;
}

/** Code `deadline`: the work named did not end in time. Its signal was aborted. */
export class DeadlineError extends AgentError<'deadline'> {
  override readonly name = 'DeadlineError';

  constructor(what: string, ms: number) {
    super('deadline', `${what} did not end within ${ms} ms`, { retry: true });
  }
}

// setTimeout runs at once when the delay exceeds 31 bits.
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export function createClock(): Clock {
  return {
    now: () => Date.now(),
    // `performance` would load a dozen of Node's modules for the same clock.
    monotonic: () => process.uptime() * 1000,
    after(delayMs, task) {
      let handle: NodeJS.Timeout;
      const wait = (leftMs: number): void => {
        const step = Math.min(leftMs, LONGEST_TIMEOUT_MS);
        handle = setTimeout(() => (leftMs > step ? wait(leftMs - step) : task()), step);
      };
      wait(Math.max(0, delayMs));
      return { cancel: () => clearTimeout(handle) };
    },
  };
}

/** Rejects with `signal.reason` as soon as the signal aborts. */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const abort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(ms, () => {
      signal?.removeEventListener('abort', abort);
      resolve();
    });
    signal?.addEventListener('abort', abort, { once: true });
  });
}

export interface Deadline {
  ms: number;
  /** Names the work in the error. */
  what: string;
  /** An outer signal: its abort ends the wait at once, with its reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Settles at the deadline at the latest, whether or not the task heeds the signal it is given: a hung probe never
 * holds its caller (F29). What a task does after its deadline is discarded.
 */
export function withDeadline<T>(
  clock: Clock,
  deadline: Deadline,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const inner = new AbortController();
  // Async, so that a task which throws at once ends like one that rejects.
  const start = async (): Promise<T> => task(inner.signal);
  return new Promise<T>((resolve, reject) => {
    const settle = (end: () => void): void => {
      timer.cancel();
      deadline.signal?.removeEventListener('abort', abortedOutside);
      end();
    };
    const cut = (reason: unknown): void =>
      settle(() => {
        reject(reason);
        inner.abort(reason);
      });
    const abortedOutside = (): void => cut(deadline.signal?.reason);
    const timer = clock.after(deadline.ms, () => cut(new DeadlineError(deadline.what, deadline.ms)));
    if (deadline.signal?.aborted) return abortedOutside();
    deadline.signal?.addEventListener('abort', abortedOutside, { once: true });
    start().then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error)),
    );
  });
}
