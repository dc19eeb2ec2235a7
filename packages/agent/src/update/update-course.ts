import type { Clock, Timer } from '#clock.ts';
import { describeError, type ErrorDescription } from '#error.ts';
import type { Log } from '#log.ts';
import { Activity } from '#update/activity.ts';
import { isPassing, next, type Progress, type UpdateEvent } from '#update/machine.ts';
import type { UpdateJournal } from '#update/update-journal.ts';

export interface UpdateCourseOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly journal: UpdateJournal;
  /** Proven time, ms since 1970; never goes back, and grows whoever is heard. */
  readonly now: () => number;
  /** What is done in a state, until it is left. */
  readonly act: (progress: Progress, signal: AbortSignal) => Promise<void>;
  /** An act has failed for good. */
  readonly failed: (error: unknown) => Promise<unknown>;
  /** A state was entered, on disk by now. */
  readonly entered: (before: Progress, after: Progress) => void;
  /** There is something to tell. */
  readonly changed: () => void;
}

const SHORTEST_MS = 1_000;

/** Runs the machine: one event after the other, on disk before anything is done by it, each state with its end (F09). */
export class UpdateCourse {
  readonly #options: UpdateCourseOptions;
  readonly #activity = new Activity();
  #queue: Promise<unknown> = Promise.resolve();
  #deadline: Timer | undefined;
  #trouble: ErrorDescription | undefined;

  constructor(options: UpdateCourseOptions) {
    this.#options = options;
  }

  get progress(): Progress {
    return this.#options.journal.history.progress;
  }

  /** Whether this id was obeyed or cancelled before. */
  knows(id: string): boolean {
    return this.#options.journal.history.seen.includes(id);
  }

  /** Why this state goes on: what was tried in vain, and is tried again. */
  get trouble(): ErrorDescription | undefined {
    return this.#trouble;
  }

  /** Resolves with whether the event meant anything. @throws DiskError where it could not be written and must be. */
  take(event: UpdateEvent): Promise<boolean> {
    const done = this.#queue.then(() => this.#apply(event));
    this.#queue = done.catch(() => undefined);
    return done;
  }

  /** Takes it later; a fault is logged. */
  post(event: UpdateEvent): void {
    this.attempt(`update-${event.type}-lost`, this.take(event));
  }

  attempt(what: string, task: Promise<unknown>): void {
    task.catch((error: unknown) => this.#options.log.error(what, { ...describeError(error) }));
  }

  troubled(error: unknown): void {
    this.#trouble = describeError(error);
    this.#options.log.warn('update-waits', { ...this.#trouble });
    this.#options.changed();
  }

  relieved(): void {
    this.#trouble = undefined;
  }

  stop(): void {
    this.#activity.end();
    this.#deadline?.cancel();
  }

  async #apply(event: UpdateEvent): Promise<boolean> {
    const { journal, now } = this.#options;
    const before = journal.history;
    const after = next(before, event, now());
    if (after === before) return false;
    // An id that was obeyed, and a swap that begins, must be known to whatever process comes next (F10, F13).
    await journal.write(after, { must: event.type === 'assigned' || event.type === 'trying' });
    if (journal.history.progress !== before.progress) this.#enter(before.progress, journal.history.progress);
    return true;
  }

  #enter(before: Progress, after: Progress): void {
    const { log, act, failed, entered, changed } = this.#options;
    const { state, goal, slot, reason } = after;
    log.info('update-state', { state, version: goal?.version, slot, reason });
    this.#trouble = undefined;
    this.#watch();
    entered(before, after);
    this.#activity.begin(
      (signal) => act(after, signal),
      (error) => this.attempt('update-fault-lost', failed(error)),
    );
    changed();
  }

  #watch(): void {
    const { clock, now } = this.#options;
    this.#deadline?.cancel();
    const { state, until } = this.progress;
    if (!isPassing(state)) return;
    this.#deadline = clock.after(Math.max(SHORTEST_MS, until - now()), () => {
      if (now() < this.progress.until) return this.#watch();
      const trouble = this.#trouble;
      // What went wrong says more than that time is over.
      this.post(
        trouble ? { type: 'failed', reason: trouble.code, detail: trouble.message } : { type: 'clock' },
      );
    });
  }

  /** Takes up the deadline of what an earlier process has left. */
  resume(): void {
    this.#watch();
  }
}
