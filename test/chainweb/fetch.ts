import type { SimulatedNetwork } from './network.ts';

export interface FetchInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** fetch, as far as clients of a node need it. */
export type Fetch = (url: string, init?: FetchInit) => Promise<Response>;

/** Reaches the nodes of a network by their URLs without a socket; anything else fails as an unknown host does. */
export function networkFetch(network: SimulatedNetwork): Fetch {
  return async (url, init = {}) => {
    const { origin, pathname, search } = new URL(url);
    const node = network.nodeAt(origin);
    init.signal?.throwIfAborted();
    const response = node?.handle({
      port: origin === node.p2pUrl ? 'p2p' : 'service',
      method: init.method ?? 'GET',
      path: pathname + search,
      ...(init.headers === undefined ? {} : { headers: lowerCase(init.headers) }),
      ...(init.body === undefined ? {} : { body: init.body }),
    });
    if (response === undefined || response.wire === 'reset' || response.wire === 'stream') {
      throw new TypeError('fetch failed', { cause: new Error(`${origin} is not reached without sockets`) });
    }
    if (response.wire === 'hang') {
      return aborted(init.signal);
    }
    const { status, headers, body } = response;
    const empty = status === 204;
    return new Response(empty ? null : new Uint8Array(Buffer.from(body)), {
      status,
      headers: { ...headers },
    });
  };
}

/** Settles only by the caller's own deadline. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
