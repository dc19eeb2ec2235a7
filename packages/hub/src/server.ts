import { readFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { HubError } from './error.ts';
import type { TlsPair } from './tls-files.ts';

/** What a client may take its time with, milliseconds (slow clients hold memory and descriptors). */
const LIMITS = {
  /** Until the last byte of its headers, and of its whole request. */
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  connectionsCheckingInterval: 5_000,
  /** Longer than proxies keep a connection that they use again, so that it is they who let it go. */
  keepAliveTimeout: 75_000,
  maxHeaderSize: 16 * 1024,
};
const MAX_HEADERS = 64;
/** Database, log, files. */
const OTHER_DESCRIPTORS = 200;

type UpgradeListener = (request: Parameters<RequestListener>[0], socket: Duplex, head: Buffer) => void;

export interface Bound {
  readonly server: Server | TlsServer;
  /** From now on these answer. */
  serve(listeners: { request: RequestListener; upgrade: UpgradeListener }): void;
  /** Names the port that was taken where `port` is 0. */
  readonly origin: URL;
}

/** Opens the hub's one inbound port. Beyond `maxConnections` sockets are closed unheard. @throws HubError `cannot_listen`. */
export async function bindServer(at: {
  host: string;
  port: number;
  maxConnections: number;
  /** Where the hub ends TLS itself; empty: by a certificate that is still to come. */
  tls?: TlsPair | Record<string, never> | undefined;
}): Promise<Bound> {
  const server = at.tls === undefined ? createServer(LIMITS) : createTlsServer({ ...LIMITS, ...at.tls });
  server.maxHeadersCount = MAX_HEADERS;
  server.maxConnections = at.maxConnections;
  server.on('request', refuseEarly);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (cause: NodeJS.ErrnoException) => {
    const why = cause.code === 'EADDRINUSE' ? 'it is in use: set PORT to another' : cause.message;
    reject(
      new HubError('cannot_listen', `cannot listen on ${at.host}:${at.port}: ${why}`, {
        retry: false,
        cause,
      }),
    );
  });
  server.listen(at.port, at.host, resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  const everywhere = at.host === '0.0.0.0' || at.host === '::';
  const host = everywhere ? 'localhost' : at.host;
  return {
    server,
    serve({ request, upgrade }) {
      server.off('request', refuseEarly);
      server.on('request', request);
      server.on('upgrade', upgrade);
    },
    origin: new URL(
      `${at.tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${port}`,
    ),
  };
}

/** The port is open some seconds before the hub is: what nobody listens to would never be answered, and pages wait a minute. */
const refuseEarly: RequestListener = (_request, response) => {
  response.writeHead(503, { 'content-type': 'application/json', 'retry-after': '1', connection: 'close' });
  response.end(JSON.stringify({ code: 'starting', message: 'The hub is starting.', retry: true }));
};

/** What is missing for `maxConnections` sockets, in words; undefined where they fit or the system does not tell. */
export async function descriptorShortage(maxConnections: number): Promise<string | undefined> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '');
  const [, most] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  const needed = maxConnections + OTHER_DESCRIPTORS;
  if (most === undefined || Number(most) >= needed) return undefined;
  return `this process may open ${most} files, ${needed} are needed for MAX_CONNECTIONS=${maxConnections}: raise LimitNOFILE (ulimit -n)`;
}
