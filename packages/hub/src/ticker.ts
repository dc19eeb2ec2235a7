import type { Clock } from './clock.ts';
import type { Log } from './log.ts';
import { RareLog } from './rare-log.ts';

/** Idempotent work without input, run on a period and on demand: the happy path and the recovery are one. */
export interface Task {
  readonly name: string;
  readonly periodMs: number;
  /** @param stop aborted when the process ends: for a tick that waits for others. */
  tick(stop?: AbortSignal): Promise<void> | void;
}

const SAID_AGAIN_MS = 60_000;

/**
 * Runs tasks until stopped. A task never overlaps itself: a tick that overruns its period delays the next one; a tick
 * that throws is logged, once a minute while it goes on, and tried again at the next period.
 */
export class Tickers {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #rarely: RareLog;
  readonly #tasks = new Map<string, Task>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #next = new Map<string, Promise<void>>();
  readonly #cancels = new Map<string, () => void>();
  readonly #stopped = new AbortController();

  constructor(by: { clock: Clock; log: Log }) {
    this.#clock = by.clock;
    this.#log = by.log;
    this.#rarely = new RareLog({ ...by, everyMs: SAID_AGAIN_MS });
  }

  start(task: Task): void {
    this.#tasks.set(task.name, task);
    this.#schedule(task);
  }

  /** A whole run that begins after the call: one that is under way is waited for first. The schedule goes on as it was. */
  run(name: string): Promise<void> {
    const task = this.#tasks.get(name);
    if (task === undefined)
      throw new RangeError(`no task '${name}': ${[...this.#tasks.keys()].join(', ')} are known`);
    const running = this.#running.get(name);
    if (running === undefined) return this.#begin(task);
    const waiting = this.#next.get(name);
    if (waiting !== undefined) return waiting;
    const next = running.then(() => {
      this.#next.delete(name);
      return this.#running.get(name) ?? this.#begin(task);
    });
    this.#next.set(name, next);
    return next;
  }

  /** Stops the schedule, tells the ticks under way, and waits for them. */
  async stop(): Promise<void> {
    this.#stopped.abort(new Error('the process ends'));
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
    await Promise.all([...this.#running.values(), ...this.#next.values()]);
  }

  #schedule(task: Task): void {
    if (this.#stopped.signal.aborted) return;
    const cancel = this.#clock.after(task.periodMs, () => {
      void (this.#running.get(task.name) ?? this.#begin(task)).then(() => this.#schedule(task));
    });
    this.#cancels.set(task.name, cancel);
  }

  #begin(task: Task): Promise<void> {
    const run = this.#run(task).finally(() => this.#running.delete(task.name));
    this.#running.set(task.name, run);
    return run;
  }

  async #run(task: Task): Promise<void> {
    try {
      await task.tick(this.#stopped.signal);
      if (this.#rarely.forget(task.name)) this.#log.info({ task: task.name }, 'a periodic task works again');
    } catch (error) {
      this.#rarely.write('error', task.name, {
        fields: { task: task.name, err: error },
        message: 'a periodic task failed; it runs again at its next period',
      });
    }
  }
}
