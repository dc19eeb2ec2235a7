import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { HubError } from '../error.ts';
import type { HttpFeature } from '../http.ts';
import { notFound } from '../http-error.ts';
import type { JobLog, JobLogs, LogHolders } from './job-logs.ts';
import { answerLog, followLog } from './log-answer.ts';
import type { LogStore } from './log-store.ts';

const HEADER = 'x-stoa-peer';
/** A pass is good for one log, and so long. */
const PASS_MS = 60_000;

/** fetch, as far as it is needed here. */
export type PeerFetch = (
  url: string,
  init: { method: string; headers: Record<string, string>; signal?: AbortSignal },
) => Promise<Response>;

/** Shows a peer of the region that this is one: by the secret that all its instances share, for one log at a time. */
export class PeerPasses {
  readonly #key: Uint8Array;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { key: Uint8Array; clock: Pick<Clock, 'now'> }) {
    this.#key = by.key;
    this.#clock = by.clock;
  }

  issue(jobId: string): string {
    const until = this.#clock.now() + PASS_MS;
    return `${until}.${this.#mac(jobId, until).toString('hex')}`;
  }

  holds(jobId: string, pass: string | undefined): boolean {
    const [, until, mac] = /^(\d{1,15})\.([0-9a-f]{64})$/.exec(pass ?? '') ?? [];
    if (until === undefined || mac === undefined || Number(until) < this.#clock.now()) return false;
    return timingSafeEqual(Buffer.from(mac, 'hex'), this.#mac(jobId, Number(until)));
  }

  #mac(jobId: string, until: number): Buffer {
    return createHmac('sha256', this.#key).update(`stoa/job-log\n${jobId}\n${until}`).digest();
  }
}

/** A log of which only a part came. */
export class LogCutError extends HubError<'log_cut'> {
  constructor(jobId: string, cause?: unknown) {
    super('log_cut', `the instance that has the log of job ${jobId} stopped in the middle of it: ask again`, {
      retry: true,
      cause,
    });
  }
}

/** One that does not run refuses at once: this is for one that hangs, and longer than a busy machine may stand still. */
const PATIENCE_MS = 10_000;

interface LogPeersDeps {
  readonly store: Pick<LogStore, 'urlOf'>;
  readonly passes: PeerPasses;
  readonly fetch: PeerFetch;
  readonly clock: Pick<Clock, 'after'>;
}

interface Asked {
  readonly answer: Response;
  readonly request: PeerRequest;
}

/**
 * Asks the instance that has a log for it, over HTTP: where logs are no shared directory. An instance that hangs holds
 * nobody up: each wait for it ends by itself, but for that for more of a log that is followed.
 */
export class LogPeers implements LogHolders {
  readonly #deps: LogPeersDeps;

  constructor(deps: LogPeersDeps) {
    this.#deps = deps;
  }

  async open(holder: string, jobId: string): Promise<JobLog | undefined> {
    const asked = await this.#ask(holder, jobId, { method: 'HEAD' });
    if (asked === undefined) return undefined;
    const ask = (range: string) => this.#ask(holder, jobId, { headers: { range } });
    return {
      size: Number(asked.answer.headers.get('x-stoa-size') ?? 0),
      async *bytes(first, last) {
        if (last < first) return;
        const part = await ask(`bytes=${first}-${last}`);
        if (part === undefined) throw new LogCutError(jobId);
        yield* part.request.body(part.answer);
      },
    };
  }

  async *follow(
    holder: string,
    jobId: string,
    { offset, signal }: { offset: number; signal: AbortSignal },
  ): AsyncIterable<Uint8Array> {
    const asked = await this.#ask(holder, jobId, { query: `?follow=${offset}`, signal });
    try {
      yield* asked?.answer.body ?? [];
    } catch (error) {
      // The reader left; whatever else ends it early is told.
      if (!signal.aborted) throw error;
    }
  }

  async #ask(
    holder: string,
    jobId: string,
    by: { method?: string; headers?: Record<string, string>; query?: string; signal?: AbortSignal },
  ): Promise<Asked | undefined> {
    const { store, passes, fetch, clock } = this.#deps;
    const url = await store.urlOf(holder);
    if (url === undefined) return undefined;
    const request = new PeerRequest({ jobId, clock, signal: by.signal });
    const ask = () =>
      request.patiently(
        fetch(new URL(`/peer/job-logs/${jobId}${by.query ?? ''}`, url).href, {
          method: by.method ?? 'GET',
          headers: { ...by.headers, [HEADER]: passes.issue(jobId) },
          signal: request.signal,
        }),
      );
    // A kept connection may be closed by its other end just as it is used again: what only reads is then asked once more.
    // One that can't be reached has no log to show for now: the reader is told so, and asks again.
    const answer = await ask()
      .catch(() => (request.signal.aborted ? undefined : ask()))
      .catch(() => undefined);
    return answer?.ok ? { answer, request } : undefined;
  }
}

/** One request to a peer. A wait that is too long aborts it, and is rejected with the abort. */
class PeerRequest {
  readonly signal: AbortSignal;
  readonly #jobId: string;
  readonly #clock: Pick<Clock, 'after'>;
  readonly #ending = new AbortController();

  constructor(by: { jobId: string; clock: Pick<Clock, 'after'>; signal: AbortSignal | undefined }) {
    this.#jobId = by.jobId;
    this.#clock = by.clock;
    const { signal } = this.#ending;
    this.signal = by.signal === undefined ? signal : AbortSignal.any([by.signal, signal]);
  }

  async patiently<T>(waited: Promise<T>): Promise<T> {
    const cancel = this.#clock.after(PATIENCE_MS, () => this.#ending.abort());
    try {
      return await waited;
    } finally {
      cancel();
    }
  }

  async *body({ body }: Response): AsyncGenerator<Uint8Array> {
    const pieces = body?.[Symbol.asyncIterator]();
    if (pieces === undefined) return;
    try {
      for (;;) {
        const { done, value } = await this.patiently(pieces.next());
        if (done) return;
        yield value;
      }
    } catch (cause) {
      throw new LogCutError(this.#jobId, cause);
    } finally {
      // Whoever reads no further lets go of the connection.
      this.#ending.abort();
    }
  }
}

/** What peers are answered. Whoever is none finds nothing here. */
export function logPeerRoutes({ logs, passes }: { logs: JobLogs; passes: PeerPasses }): HttpFeature {
  return {
    mount(app) {
      app.get('/peer/job-logs/:id', async (c) => {
        const jobId = c.req.param('id');
        if (!passes.holds(jobId, c.req.header(HEADER))) throw notFound('The log');
        const from = c.req.query('follow');
        if (from !== undefined)
          return followLog(c, (signal) => logs.followHere(jobId, Number(from) || 0, signal));
        const log = await logs.openHere(jobId);
        return answerLog(c, log);
      });
    },
  };
}
