import type { Fetch } from '../chainweb/index.ts';

interface Sent {
  readonly key: string;
  readonly cmd: string;
  /** `stoicism:20783:3:0:1`. */
  readonly nonce: string;
  /** STOA that it may burn. */
  readonly price: number;
  readonly gasLimit: number;
}

const TOO_LATE = new DOMException('the node does not answer', 'TimeoutError');

/**
 * What hubs and nodes say to each other. A node that has not answered once all that can happen without time has happened is one
 * that the client gave up on: time stands still while somebody waits. What was sent is remembered.
 */
export class Wire implements Disposable {
  readonly sent = new Map<string, Sent>();
  readonly #before = globalThis.fetch;

  constructor(fetch: Fetch) {
    const through = async (input: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
      const url = String(input);
      const body = typeof init.body === 'string' ? init.body : undefined;
      if (url.endsWith('/send') && body !== undefined) this.#remember(body);
      const patience = new AbortController();
      const answer = fetch(url, {
        method: init.method ?? 'GET',
        headers: Object.fromEntries(new Headers(init.headers)),
        ...(body === undefined ? {} : { body }),
        signal: patience.signal,
      });
      setImmediate(() => patience.abort(TOO_LATE));
      return answer;
    };
    // The chain's own client takes whatever fetch there is.
    globalThis.fetch = through;
  }

  /** Two texts under one nonce: the same act and attempt was signed twice, and differently. */
  get contradictions(): string[] {
    const texts = new Map<string, string>();
    return [...this.sent.values()].flatMap(({ nonce, cmd }) => {
      const known = texts.get(nonce) ?? cmd;
      texts.set(nonce, known);
      return known === cmd ? [] : [`${nonce} was sent with two contents`];
    });
  }

  [Symbol.dispose](): void {
    globalThis.fetch = this.#before;
  }

  #remember(body: string): void {
    const { cmds } = JSON.parse(body) as { cmds: readonly { cmd: string; hash: string }[] };
    for (const { cmd, hash } of cmds) {
      const { nonce, meta } = JSON.parse(cmd) as {
        nonce: string;
        meta: { gasPrice: number; gasLimit: number };
      };
      this.sent.set(hash, { key: hash, cmd, nonce, price: meta.gasPrice, gasLimit: meta.gasLimit });
    }
  }
}
