import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';
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

/** Asks the instance that has a log for it, over HTTP: where logs are no shared directory. */
export class LogPeers implements LogHolders {
  readonly #deps: { readonly store: LogStore; readonly passes: PeerPasses; readonly fetch: PeerFetch };

  constructor(deps: { readonly store: LogStore; readonly passes: PeerPasses; readonly fetch: PeerFetch }) {
    this.#deps = deps;
  }

  async open(holder: string, jobId: string): Promise<JobLog | undefined> {
    const answer = await this.#ask(holder, jobId, { method: 'HEAD' });
    if (answer === undefined) return undefined;
    const ask = (range: string) => this.#ask(holder, jobId, { headers: { range } });
    return {
      size: Number(answer.headers.get('x-stoa-size') ?? 0),
      async *bytes(first, last) {
        if (last < first) return;
        yield* (await ask(`bytes=${first}-${last}`))?.body ?? [];
      },
    };
  }

  async *follow(
    holder: string,
    jobId: string,
    at: { offset: number; signal: AbortSignal },
  ): AsyncIterable<Uint8Array> {
    const answer = await this.#ask(holder, jobId, { query: `?follow=${at.offset}`, signal: at.signal });
    yield* answer?.body ?? [];
  }

  async #ask(
    holder: string,
    jobId: string,
    by: { method?: string; headers?: Record<string, string>; query?: string; signal?: AbortSignal },
  ): Promise<Response | undefined> {
    const { store, passes, fetch } = this.#deps;
    const url = await store.urlOf(holder);
    if (url === undefined) return undefined;
    const asked = fetch(new URL(`/peer/job-logs/${jobId}${by.query ?? ''}`, url).href, {
      method: by.method ?? 'GET',
      headers: { ...by.headers, [HEADER]: passes.issue(jobId) },
      ...(by.signal && { signal: by.signal }),
    });
    // One that can't be reached has no log to show for now: the reader is told so, and asks again.
    const answer = await asked.catch(() => undefined);
    return answer?.ok ? answer : undefined;
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
