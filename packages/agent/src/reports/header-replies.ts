import { type EncodedMessage, encodeAgentMessage, type HeaderRequest } from '@stoa/protocol';
import { describeError } from '#error.ts';
import type { Log } from '#log.ts';

export interface HeaderRef {
  readonly chain: number;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** A header as chainweb serialises it. Rejects where the node has none. */
export type FetchHeader = (ref: HeaderRef, signal: AbortSignal) => Promise<Uint8Array>;

export interface HeaderRepliesOptions {
  fetchHeader: FetchHeader;
  log: Log;
  send: (message: EncodedMessage) => void;
}

/** Requests that wait for their turn; more than that no honest hub asks for. */
const WAITING = 16;
const AT_ONCE = 4;

/** Answers the hub's header requests from the node's API, one request after the other, a few headers at once. */
export class HeaderReplies {
  readonly #options: HeaderRepliesOptions;
  #queue: HeaderRequest[] = [];
  #busy = false;
  #session = new AbortController();

  constructor(options: HeaderRepliesOptions) {
    this.#options = options;
  }

  request(request: HeaderRequest): void {
    if (this.#queue.length >= WAITING) {
      this.#options.log.warn('header-request-dropped', { waiting: this.#queue.length });
      return;
    }
    // Hashes are views of the received frame.
    const headers = request.headers.map(({ chain, hash }) => ({ chain, hash: hash.slice() }));
    this.#queue.push({ headers });
    if (!this.#busy) void this.#work(this.#session.signal);
  }

  /** The session is over: its answers would go astray. */
  lost(): void {
    this.#session.abort();
    this.#session = new AbortController();
    this.#queue = [];
    this.#busy = false;
  }

  async #work(session: AbortSignal): Promise<void> {
    this.#busy = true;
    for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
      const headers = await this.#collect(next.headers, session);
      if (session.aborted) return;
      this.#options.send(encodeAgentMessage('headerReply', { headers }));
    }
    this.#busy = false;
  }

  async #collect(refs: readonly HeaderRef[], session: AbortSignal): Promise<Uint8Array[]> {
    const found: (Uint8Array | undefined)[] = [];
    const rest = refs.map((ref, at) => ({ ref, at }));
    const worker = async (): Promise<void> => {
      for (let next = rest.shift(); next && !session.aborted; next = rest.shift())
        found[next.at] = await this.#fetch(next.ref, session);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, refs.length) }, worker));
    return found.filter((header) => header !== undefined);
  }

  async #fetch(ref: HeaderRef, session: AbortSignal): Promise<Uint8Array | undefined> {
    try {
      return await this.#options.fetchHeader(ref, session);
    } catch (error) {
      this.#options.log.debug('header-not-fetched', { chain: ref.chain, ...describeError(error) });
      return undefined;
    }
  }
}
