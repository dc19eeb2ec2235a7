import { createServer } from 'node:http';
import { AgentError } from '#error.ts';
import { PROMETHEUS_CONTENT_TYPE } from '#status/prometheus.ts';
import { listenOnPath } from '#status/unix-socket.ts';

/** Prometheus, or its exporter, is seldom the agent's own user. */
const OWNER_AND_GROUP = 0o660;

/** Code `metrics_listen_failed`. */
export class MetricsListenError extends AgentError<'metrics_listen_failed'> {
  override readonly name = 'MetricsListenError';

  constructor(address: string, cause: unknown) {
    super(
      'metrics_listen_failed',
      `cannot serve metrics on ${address} (see the cause): choose another --metrics-listen`,
      { retry: false, cause },
    );
  }
}

export interface MetricsServer {
  /** Where it listens: the path, or host:port. */
  readonly address: string;
  /** Waits for no scrape. Idempotent. */
  close(): Promise<void>;
}

/**
 * `GET /metrics` for Prometheus, on a Unix socket or a loopback port: `listen` as the configuration has checked it.
 *
 * @throws MetricsListenError, UnixSocketError
 */
export async function serveMetrics(listen: string, metrics: () => string): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') response.writeHead(405).end();
    else if (request.url?.split('?')[0] !== '/metrics') response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': PROMETHEUS_CONTENT_TYPE }).end(metrics());
  });
  const [, host, port] = /^\[?([\d.:]+?)\]?:(\d+)$/.exec(listen) ?? [];
  if (host === undefined) await listenOnPath(server, listen, OWNER_AND_GROUP);
  else
    await new Promise<void>((resolve, reject) => {
      server.once('error', (cause) => reject(new MetricsListenError(listen, cause)));
      server.listen(Number(port), host, resolve);
    });
  const bound = server.address();
  return {
    address: typeof bound === 'object' && bound ? `${bound.address}:${bound.port}` : listen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
