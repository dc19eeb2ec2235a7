import {
  ChainwebError,
  decodeHeaderText,
  decodePayload,
  type Header,
  headerHash,
  type Payload,
  payloadHash,
} from '@stoa/protocol/chainweb';
import { HubError } from '../error.ts';
import type { Fetch } from '../tips/index.ts';

export interface PayloadSourceOptions {
  /** Service API of the hub's own node. */
  readonly url: URL;
  readonly network: string;
  readonly fetch: Fetch;
  /** Ends a request that takes too long. */
  readonly deadline: () => AbortSignal;
}

/** Asked for at once: blocks may be large. */
const PAYLOADS = 50;
/** `branch` gives no more in a page. */
const HEADERS = 360;

/** Headers and payloads from a node that is not believed: each must hash to what is verified already. */
export class PayloadSource {
  readonly #options: PayloadSourceOptions;
  readonly #base: string;

  constructor(options: PayloadSourceOptions) {
    this.#options = options;
    this.#base = `${options.url.href.replace(/\/$/, '')}/chainweb/0.0/${options.network}`;
  }

  /** By payload hash; one that the node has not is absent. @throws HubError `payloads_unreached`. */
  async payloads(chain: number, hashes: readonly string[]): Promise<Map<string, Payload>> {
    const found = new Map<string, Payload>();
    for (let from = 0; from < hashes.length; from += PAYLOADS) {
      const asked = hashes.slice(from, from + PAYLOADS);
      const answer = await this.#post(`/chain/${chain}/payload/batch`, asked);
      if (!Array.isArray(answer)) throw this.#unreached('it answers no list of payloads');
      for (const payload of answer.map((each) => this.#read(() => decodePayload(each))))
        found.set(payloadHash(payload), payload);
    }
    return found;
  }

  /**
   * The ancestors of a verified header, downwards, to above the given height: each is the parent that the one before names.
   * @throws HubError `payloads_unreached`, also where the node answers others.
   */
  async ancestors(header: Header, above: number): Promise<Header[]> {
    const path: Header[] = [];
    let last = header;
    while (last.height - 1 > above) {
      const range = `minheight=${Math.max(above + 1, last.height - HEADERS)}&maxheight=${last.height - 1}`;
      const asked = { upper: [last.hash], lower: [] };
      const answer = await this.#post(
        `/chain/${header.chain}/header/branch?limit=${HEADERS}&${range}`,
        asked,
      );
      const items = (answer as { items?: unknown } | null)?.items;
      if (!Array.isArray(items) || items.length === 0)
        throw this.#unreached('it has no ancestors of a block');
      for (const item of items) {
        const next = this.#read(() => decodeHeaderText(String(item)));
        if (headerHash(next) !== last.parent || next.hash !== last.parent)
          throw this.#unreached(`at height ${next.height} of chain ${header.chain} it answers another block`);
        path.push(next);
        last = next;
      }
    }
    return path;
  }

  /**
   * The ancestor of a verified header at a height, however deep: that it is one is the node's word; that it is a block, its hash.
   * @throws HubError `payloads_unreached`.
   */
  async ancestorAt({ chain, hash }: Header, height: number): Promise<Header> {
    const range = `minheight=${height}&maxheight=${height}`;
    const asked = { upper: [hash], lower: [] };
    const answer = await this.#post(`/chain/${chain}/header/branch?limit=1&${range}`, asked);
    const [item] = (answer as { items?: readonly unknown[] } | null)?.items ?? [];
    const header = this.#read(() => decodeHeaderText(String(item)));
    if (header.chain !== chain || header.height !== height || headerHash(header) !== header.hash)
      throw this.#unreached(`at height ${height} of chain ${chain} it answers another block`);
    return header;
  }

  async #post(path: string, body: object): Promise<unknown> {
    const { fetch, deadline } = this.#options;
    let response: Response;
    let text: string;
    try {
      response = await fetch(this.#base + path, {
        method: 'POST',
        headers: { accept: 'application/json', 'content-type': 'application/json' },
        body: JSON.stringify(body),
        redirect: 'error',
        signal: deadline(),
      });
      text = await response.text();
    } catch (cause) {
      throw this.#unreached('it does not answer', cause);
    }
    if (!response.ok)
      throw this.#unreached(`it answers ${path} with ${response.status}: ${text.slice(0, 200)}`);
    return this.#read(() => JSON.parse(text) as unknown);
  }

  #read<T>(read: () => T): T {
    try {
      return read();
    } catch (cause) {
      if (cause instanceof ChainwebError || cause instanceof SyntaxError)
        throw this.#unreached('it answers what is no chainweb', cause);
      throw cause;
    }
  }

  #unreached(why: string, cause?: unknown): HubError<'payloads_unreached'> {
    return new HubError('payloads_unreached', `the node at CHAINWEB_URL gives no payloads: ${why}`, {
      retry: true,
      ...(cause === undefined ? {} : { cause }),
    });
  }
}
