import { createReadStream } from 'node:fs';
import type { Clock } from '../clock.ts';
import type { LogFiles } from './log-files.ts';
import type { LogStore } from './log-store.ts';

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
    const holder = await this.#elsewhere(jobId);
    return holder === undefined ? this.openHere(jobId) : this.#deps.holders.open(holder, jobId);
  }

  /** Of this instance's disk; undefined where there is no such job. */
  async openHere(jobId: string): Promise<JobLog | undefined> {
    const { files, store } = this.#deps;
    if ((await store.place(jobId)) === undefined) return undefined;
    const path = files.pathOf(jobId);
    return {
      size: await files.size(jobId),
      bytes: (start, end) => (end < start ? nothing() : createReadStream(path, { start, end })),
    };
  }

  /** What is stored from `offset` on and what comes, until the job is over and its log with it. */
  async *follow(jobId: string, offset: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const holder = await this.#elsewhere(jobId);
    if (holder === undefined) yield* this.followHere(jobId, offset, signal);
    else yield* this.#deps.holders.follow(holder, jobId, { offset, signal });
  }

  async *followHere(jobId: string, offset: number, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    const { store, clock, files } = this.#deps;
    let at = offset;
    let quietSince: number | undefined;
    while (!signal.aborted) {
      const place = await store.place(jobId);
      if (place === undefined) return;
      const size = await files.size(jobId);
      // A new attempt began a new file.
      if (size < at) at = 0;
      if (size > at) {
        for await (const piece of createReadStream(files.pathOf(jobId), { start: at, end: size - 1 }))
          yield piece as Uint8Array;
        at = size;
        quietSince = undefined;
        continue;
      }
      const now = clock.now();
      quietSince ??= now;
      if (place.over && now - quietSince >= SETTLED_MS) return;
      await this.#growth(jobId, signal);
    }
  }

  /** The instance to ask, where the log is not on a disk of this one. */
  async #elsewhere(jobId: string): Promise<string | undefined> {
    const { files, store, instance } = this.#deps;
    const place = await store.place(jobId);
    if (place?.holder === undefined || place.holder === instance) return undefined;
    return (await files.size(jobId)) < place.bytes ? place.holder : undefined;
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

async function* nothing(): AsyncGenerator<Uint8Array> {}
