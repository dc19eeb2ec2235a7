import type { NodeRequest } from './exchange.ts';
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
    const port = origin === node?.p2pUrl ? 'p2p' : 'service';
    const answered = node?.handle(requestOf(pathname + search, { ...init, port }));
    const response = answered?.later === undefined ? answered : await orAborted(answered.later, init.signal);
    if (response === undefined || response.wire === 'reset' || response.wire === 'stream') {
      throw new TypeError('fetch failed', { cause: new Error(`${origin} is not reached without sockets`) });
    }
    if (response.wire === 'hang') {
      return aborted(init.signal);
    }
    const { status, headers, body } = response;
    const empty = status === 204;
    return new Response(empty ? null : typeof body === 'string' ? body : Buffer.from(body), {
      status,
      headers: { ...headers },
    });
  };
}

function requestOf(
  path: string,
  { method = 'GET', headers, body, port }: FetchInit & Pick<NodeRequest, 'port'>,
): NodeRequest {
  return {
    ...{ port, method, path },
    ...(headers === undefined ? {} : { headers: lowerCase(headers) }),
    ...(body === undefined ? {} : { body }),
  };
}

/** Settles only by the caller's own deadline. */
function aborted(signal: AbortSignal | undefined): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function orAborted<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return signal === undefined ? answer : Promise.race([answer, aborted(signal)]);
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
