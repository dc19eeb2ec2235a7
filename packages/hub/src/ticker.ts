import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

/** Idempotent work without input, run on a period and on demand: the happy path and the recovery are one. */
export interface Task {
  readonly name: string;
  readonly periodMs: number;
  tick(): Promise<void> | void;
}

/**
 * Runs tasks until stopped. A task never overlaps itself: a tick that overruns its period delays the next one; a tick
 * that throws is logged and tried again at the next period.
 */
export class Tickers {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #tasks = new Map<string, Task>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #cancels = new Map<string, () => void>();
  #stopped = false;

  constructor(by: { clock: Clock; log: Log }) {
    this.#clock = by.clock;
    this.#log = by.log;
  }

  start(task: Task): void {
    this.#tasks.set(task.name, task);
    this.#schedule(task);
  }

  /** Runs a task now, or waits for the run that is under way; its schedule goes on as it was. */
  async run(name: string): Promise<void> {
    const task = this.#tasks.get(name);
    if (task === undefined)
      throw new RangeError(`no task '${name}': ${[...this.#tasks.keys()].join(', ')} are known`);
    await (this.#running.get(name) ?? this.#begin(task));
  }

  /** Stops the schedule and waits for the ticks under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
    await Promise.all(this.#running.values());
  }

  #schedule(task: Task): void {
    if (this.#stopped) return;
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
      await task.tick();
    } catch (error) {
      this.#log.error(
        { task: task.name, err: error },
        'a periodic task failed; it runs again at its next period',
      );
    }
  }
}
