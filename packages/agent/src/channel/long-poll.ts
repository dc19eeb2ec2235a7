import { type Binding, joinBatch, LIMITS, splitBatch, toBase64Url } from '@stoa/protocol';
import { parseHubError } from '#channel/hub-error.ts';
import {
  AGENT_PATH,
  type DialTarget,
  isTerminator,
  type Link,
  type LinkEnd,
  type LinkListener,
  LOW_MARK_BYTES,
  type Transport,
} from '#channel/transport.ts';
import { type Clock, sleep, type Timer } from '#clock.ts';
import type { Http, HttpResponse } from '#http.ts';

export interface LongPollOptions {
  clock: Clock;
  /** With kept connections. */
  http: Http;
}

const OPENING_MS = 15_000;
/** The hub holds an empty poll for 25 s. */
const POLL_MS = 40_000;
const FAREWELL_MS = 2_000;
/** A poll whose answer was lost is asked again so often, after this pause. */
const TRIES = 3;
const RETRY_MS = 1_000;
/** By then a poll has reached the hub, or its connection is dead and so is the session. */
const SETTLE_MS = 1_000;
/** One request's body: a frame of full size always fits. */
const BATCH_BYTES = 2 * LIMITS.frameBytes;

/** The same frames where WebSockets are blocked: numbered polls over HTTPS. */
export function createLongPollTransport(options: LongPollOptions): Transport {
  return { name: 'long-poll', dial: (target, listener) => new LongPollLink(options, target, listener) };
}

/**
 * Poll n carries what there is to send and brings what the hub has to say. A poll whose answer was lost is asked again
 * under its number with its body: the hub takes the body once and gives the same answer. A message to send while the
 * hub holds a poll goes with the next one, which releases the held one at once.
 *
 * Invariants: at most two polls are under way, the older at least `SETTLE_MS` old; answers are delivered in the order
 * of their numbers; a poll is asked again only while it is the newest, since the hub keeps the last answer alone.
 */
class LongPollLink implements Link {
  readonly #options: LongPollOptions;
  readonly #origin: string;
  readonly #abort = new AbortController();
  #listener: LinkListener | undefined;
  #session: string | undefined;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #inFlightBytes = 0;
  #number = 0;
  #underWay = 0;
  #startedAt = 0;
  #delivered: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  #closing = false;

  constructor(options: LongPollOptions, target: DialTarget, listener: LinkListener) {
    this.#options = options;
    this.#origin = target.origin;
    this.#listener = listener;
    this.#open(target).catch((cause: unknown) => this.#fail(cause));
  }

  get buffered(): number {
    return this.#queuedBytes + this.#inFlightBytes;
  }

  acceptsBinding(binding: Binding): boolean {
    return isTerminator(binding, this.#origin);
  }

  send(message: Uint8Array): void {
    if (this.#listener === undefined || this.#closing) return;
    this.#queue.push(message);
    this.#queuedBytes += message.length;
    this.#pump();
  }

  close(code: number, reason: string): void {
    if (this.#listener === undefined || this.#closing) return;
    this.#closing = true;
    this.#timer?.cancel();
    this.#farewell().then(
      () => this.#end({ code, reason }),
      (cause: unknown) => this.#end({ code, reason, cause }),
    );
  }

  destroy(): void {
    this.#end({ code: 1006, reason: 'destroyed' });
  }

  async #open({ nonceA, cookie }: DialTarget): Promise<void> {
    const response = await this.#post('poll/open', {
      timeoutMs: OPENING_MS,
      headers: {
        'stoa-nonce': toBase64Url(nonceA),
        ...(cookie?.length ? { 'stoa-cookie': toBase64Url(cookie) } : {}),
      },
    });
    const session = response.headers['stoa-session'];
    if (response.status !== 200 || session === undefined) return this.#refused(response);
    this.#session = session;
    this.#deliver(response.body);
    this.#pump();
  }

  #pump(): void {
    if (this.#session === undefined || this.#listener === undefined || this.#closing) return;
    const now = this.#options.clock.monotonic();
    const earliest = this.#startedAt + SETTLE_MS;
    const hasWord = this.#queue.length > 0;
    if (this.#underWay > 1 || (this.#underWay === 1 && !hasWord)) return;
    if (now >= earliest || (this.#underWay === 0 && hasWord)) {
      this.#poll();
      return;
    }
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(earliest - now, () => this.#pump());
  }

  #poll(): void {
    this.#number += 1;
    this.#underWay += 1;
    this.#startedAt = this.#options.clock.monotonic();
    const body = this.#takeBatch();
    this.#inFlightBytes += body.length;
    const [answer, earlier] = [this.#ask(this.#number, body), this.#delivered];
    const delivered = async (): Promise<void> => {
      const response = await answer;
      await earlier;
      this.#underWay -= 1;
      this.#inFlightBytes -= body.length;
      if (response.status !== 200) return this.#refused(response);
      this.#deliver(response.body);
      if (this.buffered <= LOW_MARK_BYTES) this.#listener?.drained();
      this.#pump();
    };
    this.#delivered = delivered();
    this.#delivered.catch((cause: unknown) => this.#fail(cause));
  }

  async #ask(number: number, body: Uint8Array): Promise<HttpResponse> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const response = await this.#post('poll', {
          timeoutMs: POLL_MS,
          headers: { 'stoa-session': this.#session!, 'stoa-poll': String(number) },
          body,
        });
        // A gateway on the way has failed, not the hub: its answer is still to be had.
        if (response.status < 500 || attempt === TRIES) return response;
      } catch (error) {
        if (attempt === TRIES || number !== this.#number || this.#abort.signal.aborted) throw error;
      }
      await sleep(this.#options.clock, RETRY_MS, this.#abort.signal);
    }
  }

  /** What is still to be sent, then the end; whether they arrive is not worth waiting for long. */
  async #farewell(): Promise<void> {
    if (this.#session === undefined) return;
    const headers = { 'stoa-session': this.#session };
    if (this.#queue.length > 0) {
      this.#number += 1;
      const numbered = { ...headers, 'stoa-poll': String(this.#number) };
      await this.#post('poll', { timeoutMs: FAREWELL_MS, headers: numbered, body: this.#takeBatch() });
    }
    await this.#post('poll/close', { timeoutMs: FAREWELL_MS, headers });
  }

  #post(
    path: string,
    request: { timeoutMs: number; headers: Record<string, string>; body?: Uint8Array },
  ): Promise<HttpResponse> {
    return this.#options.http.request({
      ...request,
      url: `${this.#origin}${AGENT_PATH}/${path}`,
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', ...request.headers },
      body: request.body ?? new Uint8Array(),
      signal: this.#abort.signal,
    });
  }

  #takeBatch(): Uint8Array {
    const messages: Uint8Array[] = [];
    let bytes = 0;
    for (let next = this.#queue[0]; next !== undefined; next = this.#queue[0]) {
      if (messages.length > 0 && bytes + next.length > BATCH_BYTES) break;
      messages.push(next);
      bytes += next.length;
      this.#queue.shift();
    }
    this.#queuedBytes -= bytes;
    return joinBatch(messages);
  }

  #deliver(batch: Uint8Array): void {
    for (const message of splitBatch(batch)) this.#listener?.message(message);
  }

  #refused({ status, headers, body }: HttpResponse): void {
    const hubError = parseHubError(body);
    const code = Number(headers['stoa-close'] ?? 1006);
    const reason = hubError?.message ?? `HTTP ${status} to a poll`;
    this.#end({ code, reason, hubError, ...(status === 410 ? {} : { httpStatus: status }) });
  }

  #fail(cause: unknown): void {
    if (this.#closing) return;
    this.#end({ code: 1006, reason: cause instanceof Error ? cause.message : String(cause), cause });
  }

  #end(end: Omit<LinkEnd, 'opened'>): void {
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#listener = undefined;
    this.#timer?.cancel();
    this.#abort.abort();
    listener.closed({ ...end, opened: this.#session !== undefined });
  }
}
