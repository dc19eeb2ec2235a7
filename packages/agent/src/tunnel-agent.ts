import type { ClientRequest } from 'node:http';
import type { Socket } from 'node:net';
import { HttpsProxyAgent } from 'https-proxy-agent';
import type { Clock } from '#clock.ts';
import { HttpError, ProxyRefusedError } from '#http-error.ts';

const CONNECT_TIMEOUT_MS = 15_000;

export interface TunnelOptions {
  clock: Clock;
  proxy: URL;
  /** Whether TLS is spoken inside the tunnel. */
  secure: boolean;
  ca?: readonly string[] | undefined;
  keepAlive?: boolean | undefined;
}

type ConnectOptions = Parameters<HttpsProxyAgent<string>['connect']>[1];

/** https-proxy-agent, but with an end to its wait, and with errors where it would replay the proxy's refusal as the target's answer. */
export class TunnelAgent extends HttpsProxyAgent<string> {
  readonly #clock: Clock;
  readonly #secure: boolean;

  constructor({ clock, proxy, secure, ca, keepAlive = false }: TunnelOptions) {
    super(proxy, { keepAlive, ...(ca ? { ca: [...ca] } : {}) });
    this.#clock = clock;
    this.#secure = secure;
  }

  // The inherited way reads the call stack, which `ws` and bundling can hide from it.
  override isSecureEndpoint(): boolean {
    return this.#secure;
  }

  override async connect(request: ClientRequest, options: ConnectOptions): Promise<Socket> {
    const what = `CONNECT through ${this.proxy.origin}`;
    const hangUp = new AbortController();
    const timer = this.#clock.after(CONNECT_TIMEOUT_MS, () => hangUp.abort());
    let status = 0;
    request.once('proxyConnect', (answer: { statusCode: number }) => {
      status = answer.statusCode;
    });
    try {
      // Read by the base class before its first await: the one way to reach a socket that a silent proxy would keep.
      this.connectOpts = { ...this.connectOpts, signal: hangUp.signal };
      const socket = await super.connect(request, options);
      if (status === 200) return socket;
      socket.destroy();
    } catch (cause) {
      const detail = hangUp.signal.aborted ? `silent for ${CONNECT_TIMEOUT_MS} ms` : messageOf(cause);
      throw new HttpError('proxy_unreachable', what, { detail, cause });
    } finally {
      timer.cancel();
    }
    throw new ProxyRefusedError(this.proxy.origin, status);
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
