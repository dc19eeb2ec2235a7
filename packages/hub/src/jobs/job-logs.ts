import { createReadStream } from 'node:fs';
import type { Clock } from '../clock.ts';
import type { LogFiles } from './log-files.ts';
import type { LogPlace, LogStore } from './log-store.ts';

export interface JobLog {
  /** Bytes stored by now. */
  readonly size: number;
  /** From byte `first` to byte `last`, both included. */
  bytes(first: number, last: number): AsyncIterable<Uint8Array>;
}

/** Another instance, asked for the logs that its disk has. */
export interface LogHolders {
  open(holder: string, jobId: string): Promise<JobLog | undefined>;
  follow(
    holder: string,
    jobId: string,
    at: { offset: number; signal: AbortSignal },
  ): AsyncIterable<Uint8Array>;
}

export interface JobLogsDeps {
  readonly files: LogFiles;
  readonly store: LogStore;
  readonly instance: string;
  readonly holders: LogHolders;
  readonly clock: Clock;
}

/** A log that grows no more for so long after its job's end is whole. */
const SETTLED_MS = 5_000;
const LOOK_MS = 1_000;

/** Logs of jobs, whichever instance has them. Who may read them is for the caller to know. */
export class JobLogs {
  readonly #deps: JobLogsDeps;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(deps: JobLogsDeps) {
    this.#deps = deps;
  }

  /** Undefined where there is no such job, or the instance that has its log does not answer. */
  async open(jobId: string): Promise<JobLog | undefined> {
    const { store, files, holders } = this.#deps;
    const place = await store.place(jobId);
    if (place === undefined) return undefined;
    const holder = this.#elsewhere(place, await files.size(jobId));
    return holder === undefined ? this.openHere(jobId) : holders.open(holder, jobId);
  }

  /** Of this instance's disk; undefined where there is no such job. */
  async openHere(jobId: string): Promise<JobLog | undefined> {
    const { files, store } = this.#deps;
    if ((await store.place(jobId)) === undefined) return undefined;
    return {
      size: await files.size(jobId),
      bytes: (first, last) => this.#stored(jobId, first, last),
    };
  }

  /** What is stored from `offset` on and what comes, until the job is over and its log with it. */
  follow(jobId: string, offset: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    return this.#follow(jobId, { offset, signal, peers: true });
  }

  /** As `follow`, of this instance's disk alone. */
  followHere(jobId: string, offset: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    return this.#follow(jobId, { offset, signal, peers: false });
  }

  async *#follow(
    jobId: string,
    { offset, signal, peers }: { offset: number; signal: AbortSignal; peers: boolean },
  ): AsyncGenerator<Uint8Array> {
    const { store, clock, files, holders } = this.#deps;
    let at = offset;
    let quietSince: number | undefined;
    while (!signal.aborted) {
      const place = await store.place(jobId);
      if (place === undefined) return;
      const size = await files.size(jobId);
      // Who has it shows with its first piece only.
      const holder = peers ? this.#elsewhere(place, size) : undefined;
      if (holder !== undefined) {
        yield* holders.follow(holder, jobId, { offset: at, signal });
        return;
      }
      // A new attempt began a new file.
      if (size < at) at = 0;
      if (size > at) {
        yield* this.#stored(jobId, at, size - 1);
        at = size;
        quietSince = undefined;
        continue;
      }
      quietSince ??= clock.now();
      if (place.over && clock.now() - quietSince >= SETTLED_MS) return;
      await this.#growth(jobId, signal);
    }
  }

  async *#stored(jobId: string, start: number, end: number): AsyncGenerator<Uint8Array> {
    if (end < start) return;
    for await (const piece of createReadStream(this.#deps.files.pathOf(jobId), { start, end }))
      yield piece as Uint8Array;
  }

  /** The instance to ask, where the log is not on a disk of this one. */
  #elsewhere({ holder, bytes }: LogPlace, size: number): string | undefined {
    return holder !== undefined && holder !== this.#deps.instance && size < bytes ? holder : undefined;
  }

  /** This instance stored more of it. */
  grew(jobId: string): void {
    for (const wake of this.#waiting.get(jobId) ?? []) wake();
  }

  /** Resolves when it grew, after a second at the latest. */
  #growth(jobId: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(jobId) ?? new Set();
      this.#waiting.set(jobId, waiting);
      const done = () => {
        waiting.delete(done);
        if (waiting.size === 0) this.#waiting.delete(jobId);
        signal.removeEventListener('abort', done);
        cancel();
        resolve();
      };
      const cancel = this.#deps.clock.after(LOOK_MS, done);
      waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }
}
