import type { Bus } from '../bus.ts';
import type { Clock } from '../clock.ts';
import type { HubContext } from '../http.ts';
import { HttpError } from '../http-error.ts';
import type { Viewer } from '../viewer.ts';
import type { JobLogs } from './job-logs.ts';
import type { JobReader } from './job-reader.ts';
import { followLog } from './log-answer.ts';

/** Logs that one account follows at a time, with all of its pages and keys. */
const AN_ACCOUNT = 10;
const IN_ALL = 1_000;
/** Whoever follows for longer asks again, from where they are. */
const LONGEST_MS = 60 * 60_000;

export interface LogFollowersDeps {
  readonly logs: Pick<JobLogs, 'follow'>;
  readonly reader: Pick<JobReader, 'show'>;
  readonly bus: Bus;
  readonly clock: Pick<Clock, 'after'>;
}

/**
 * Who follows logs over this instance: so many at a time, so long, and no longer than they may. Whoever has lost rights is
 * cut off, whatever rights these were: what they may still see they follow again.
 */
export class LogFollowers {
  readonly #deps: LogFollowersDeps;
  readonly #open = new Map<AbortController, Viewer>();

  constructor(deps: LogFollowersDeps) {
    this.#deps = deps;
    deps.bus.subscribe('rights', ({ account }) => this.#endOf(account));
  }

  /** From byte `from` on. Ask `JobReader.show` first. @throws {HttpError} `too_many_followed`. */
  answer(c: HubContext, viewer: Viewer, { jobId, from }: { jobId: string; from: number }): Response {
    // Nobody would read what is followed, nor leave.
    if (c.req.method === 'HEAD') return c.body(null, 200);
    const mine = [...this.#open.values()].filter(({ accountId }) => accountId === viewer.accountId);
    if (mine.length >= AN_ACCOUNT || this.#open.size >= IN_ALL)
      throw new HttpError(429, 'too_many_followed', 'No more logs can be followed now.', {
        fix: 'End one of those that you follow, or read the log without following it.',
        retry: true,
      });
    const ending = new AbortController();
    this.#open.set(ending, viewer);
    return followLog(c, (leaving) => this.#pieces(viewer, { jobId, from, ending, leaving }));
  }

  /** How many are followed now. */
  get size(): number {
    return this.#open.size;
  }

  async *#pieces(
    viewer: Viewer,
    by: { jobId: string; from: number; ending: AbortController; leaving: AbortSignal },
  ): AsyncGenerator<Uint8Array> {
    const { logs, reader, clock } = this.#deps;
    const { jobId, from, ending, leaving } = by;
    const cancel = clock.after(LONGEST_MS, () => ending.abort());
    try {
      // Rights may have been lost between the question and this list.
      if ((await reader.show(viewer, jobId)) === undefined) return;
      yield* logs.follow(jobId, from, AbortSignal.any([leaving, ending.signal]));
    } finally {
      cancel();
      this.#open.delete(ending);
    }
  }

  #endOf(account: string | undefined): void {
    for (const [ending, { accountId, email }] of this.#open)
      if (account === undefined || account === accountId || account === email) ending.abort();
  }
}
