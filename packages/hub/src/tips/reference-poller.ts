import {
  ChainwebError,
  type Cut,
  decodeCut,
  decodeHeaderText,
  encodeHeader,
  type Header,
} from '@stoa/protocol/chainweb';
import { HubError } from '../error.ts';
import type { Corroboration } from './corroboration.ts';
import type { Reporter } from './reporter.ts';
import type { VerifiedSet } from './verified-set.ts';

/** fetch, as far as it is needed here. */
export type Fetch = (
  url: string,
  init?: {
    method?: string;
    headers?: Record<string, string>;
    body?: string;
    redirect?: 'error';
    signal?: AbortSignal;
  },
) => Promise<Response>;

export interface ReferencePollerOptions {
  /** Origin of the node's service port; its P2P port serves as well, in smaller pages. */
  readonly url: string;
  readonly set: VerifiedSet;
  readonly corroboration?: Corroboration;
  readonly fetch: Fetch;
  readonly reporter: Reporter;
  /** Ends a request that takes too long. */
  readonly deadline?: () => AbortSignal;
}

/** Heights that are fetched and verified at a time: 600 headers, some 50 ms of the event loop. */
const WINDOW = 60;

/** Deeper than nodes reorganise, there is nothing to look for. */
const REORG_LIMIT = 480;

/**
 * Follows the hub's own node: offers its headers to the verified set, from the checkpoint up to its cut, and reports
 * that cut as the reference. It believes the node no more than anybody else; the node only spares the asking around.
 */
export class ReferencePoller {
  readonly #options: ReferencePollerOptions;
  readonly #base: string;
  #running: Promise<void> | undefined;

  constructor(options: ReferencePollerOptions) {
    this.#options = options;
    this.#base = `${options.url}/chainweb/0.0/${options.set.network.name}`;
  }

  /**
   * Idempotent, without input; a second call joins the running one.
   *
   * @throws HubError reference_unreachable | reference_misfit
   */
  tick(): Promise<void> {
    this.#running ??= this.#follow().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #follow(): Promise<void> {
    const { set, corroboration, reporter } = this.#options;
    const cut = this.#decode(await this.#request('/cut'), decodeCut);
    if (cut.instance !== set.network.name) {
      throw misfit(`it is of network ${cut.instance}, expected ${set.network.name}`);
    }
    const top = Math.max(...cut.tips.map((tip) => tip.height));
    const bottom = Math.min(...set.heads().map((head) => head.height));
    let maxHeight = Math.min(bottom, top);
    do {
      maxHeight += WINDOW;
      await this.#fetchWindow(cut, maxHeight);
    } while (maxHeight < top);
    corroboration?.report(reporter, cut.tips);
  }

  /** Offers what the node has up to this height, parents before children: the order of the heights. */
  async #fetchWindow(cut: Cut, maxHeight: number): Promise<void> {
    const { set, reporter } = this.#options;
    const behind = cut.tips.filter((tip) => set.get(tip.hash) === undefined);
    const chains = await Promise.all(
      behind.map((tip) => this.#fetchBranch(set.head(tip.chain), tip.hash, maxHeight)),
    );
    for (const header of chains.flat().sort((a, b) => a.height - b.height)) {
      set.offer(encodeHeader(header), reporter);
    }
  }

  async #fetchBranch(head: Header, tip: string, maxHeight: number): Promise<Header[]> {
    // The node ignores a lower bound that it doesn't know, so the height bounds the walk as well.
    const minHeight = Math.max(0, head.height - REORG_LIMIT);
    const path = `/chain/${head.chain}/header/branch?minheight=${minHeight}&maxheight=${maxHeight}`;
    const body = JSON.stringify({ upper: [tip], lower: [head.hash] });
    const headers: Header[] = [];
    let next: string | null = null;
    do {
      const cursor: string = next === null ? '' : `&next=${encodeURIComponent(next)}`;
      const page: Page = this.#decode(await this.#request(path + cursor, body), decodePage);
      headers.push(...page.headers);
      next = page.next;
    } while (next !== null);
    return headers;
  }

  async #request(path: string, body?: string): Promise<string> {
    const { fetch, deadline } = this.#options;
    const url = this.#base + path;
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { accept: 'application/json', 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body }),
        ...(deadline === undefined ? {} : { signal: deadline() }),
      });
      text = await response.text();
    } catch (cause) {
      throw new HubError('reference_unreachable', `the reference node does not answer ${url}`, {
        retry: true,
        cause,
      });
    }
    if (!response.ok) {
      throw new HubError(
        'reference_unreachable',
        `the reference node answers ${url} with ${response.status}: ${text.slice(0, 200)}`,
        { retry: true },
      );
    }
    return text;
  }

  #decode<T>(text: string, decode: (text: string) => T): T {
    try {
      return decode(text);
    } catch (cause) {
      if (cause instanceof ChainwebError || cause instanceof SyntaxError) {
        throw misfit('it answers what is no chainweb', cause);
      }
      throw cause;
    }
  }
}

interface Page {
  readonly headers: Header[];
  readonly next: string | null;
}

function decodePage(text: string): Page {
  const page: unknown = JSON.parse(text);
  const items: unknown =
    typeof page === 'object' && page !== null && 'items' in page ? page.items : undefined;
  const next: unknown = typeof page === 'object' && page !== null && 'next' in page ? page.next : undefined;
  if (!Array.isArray(items)) {
    throw new SyntaxError('a page has a list of items');
  }
  return {
    headers: items.map((item: unknown) => decodeHeaderText(String(item))),
    next: typeof next === 'string' ? next : null,
  };
}

function misfit(why: string, cause?: unknown): HubError<'reference_misfit'> {
  return new HubError('reference_misfit', `the node at CHAINWEB_URL can't be the reference: ${why}`, {
    retry: true,
    ...(cause === undefined ? {} : { cause }),
  });
}
