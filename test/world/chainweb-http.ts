import { type Clock, type Http, HttpError, type HttpRequest, type HttpResponse } from '@stoa/agent';
import type { NodeResponse, SimulatedNode } from '../chainweb/index.ts';

export interface ChainwebHttpDeps {
  readonly clock: Clock;
  readonly node: SimulatedNode;
  /** Whether the process runs; else every connection is refused. */
  readonly up: () => boolean;
  /** SHA-256 of the P2P certificate, base64url. */
  readonly tlsFingerprint: string;
  readonly address: string;
}

/** The agent's HTTP to the chainweb node beside it, without a socket. */
export function chainwebHttp(deps: ChainwebHttpDeps): Http {
  async function answer(request: HttpRequest): Promise<NodeResponse> {
    const { node, up, address } = deps;
    const { origin, pathname, search } = new URL(request.url);
    if (!up() || (origin !== node.serviceUrl && origin !== node.p2pUrl))
      throw new HttpError('http_refused', request.url);
    const response = node.handle({
      port: origin === node.p2pUrl ? 'p2p' : 'service',
      method: request.method ?? 'GET',
      path: pathname + search,
      ...(request.headers === undefined ? {} : { headers: request.headers }),
      peer: `${address}:52000`,
    });
    if (response.wire === 'reset') throw new HttpError('http_reset', request.url);
    return response.wire === 'hang' ? silence(deps.clock, request) : response;
  }

  return {
    async request(request): Promise<HttpResponse> {
      const { status, headers, body } = await answer(request);
      return {
        status,
        headers,
        body: typeof body === 'string' ? new TextEncoder().encode(body) : body,
        ...(request.selfSigned ? { tlsFingerprint: deps.tlsFingerprint } : {}),
      };
    },
    async stream(request) {
      const { status, headers } = await answer(request);
      return { status, headers, chunks: nothing(), close: () => undefined };
    },
  };
}

/** Ends by the request's own time-out or signal alone. */
function silence(clock: Clock, { url, timeoutMs, signal }: HttpRequest): Promise<never> {
  return new Promise((_resolve, reject) => {
    const timer = clock.after(timeoutMs, () => reject(new HttpError('http_timeout', url)));
    const abort = (): void => {
      timer.cancel();
      reject(new HttpError('http_aborted', url, { cause: signal?.reason }));
    };
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // A node without --header-stream answers 404 with no body.
}
