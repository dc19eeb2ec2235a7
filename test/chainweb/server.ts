import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { NodeRequest, NodeResponse } from './exchange.ts';
import { HeaderStream } from './header-stream.ts';
import type { SimulatedNode } from './node.ts';

export interface ServerOptions {
  readonly host?: string;
  /** 0 takes a free one. */
  readonly servicePort?: number;
  readonly p2pPort?: number;
  /** Serves the P2P port over TLS, as nodes do; else plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

export interface NodeServer {
  readonly serviceUrl: string;
  readonly p2pUrl: string;
  close(): Promise<void>;
}

/** How often those who wait for something look for new blocks. */
const LOOK_MS = 250;

/** Puts a simulated node on real sockets. */
export async function serveNode(node: SimulatedNode, options: ServerOptions = {}): Promise<NodeServer> {
  const { host = '127.0.0.1', tls } = options;
  const service = createServer(listener(node, 'service'));
  const p2p =
    tls === undefined ? createServer(listener(node, 'p2p')) : createSecureServer(tls, listener(node, 'p2p'));
  const servicePort = await listen(service, options.servicePort ?? 0, host);
  const p2pPort = await listen(p2p, options.p2pPort ?? 0, host);
  return {
    serviceUrl: `http://${host}:${servicePort}`,
    p2pUrl: `${tls === undefined ? 'http' : 'https'}://${host}:${p2pPort}`,
    close: async () => {
      await Promise.all([close(service), close(p2p)]);
    },
  };
}

function listener(node: SimulatedNode, port: NodeRequest['port']): RequestListener {
  return (incoming, outgoing) => {
    answer(node, port, incoming, outgoing).catch((error: unknown) => {
      outgoing.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  };
}

async function answer(
  node: SimulatedNode,
  port: NodeRequest['port'],
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of incoming) {
    chunks.push(chunk);
  }
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]);
  const response = node.handle({
    port,
    method: incoming.method ?? 'GET',
    path: incoming.url ?? '/',
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks).toString('utf8'),
    peer: `${incoming.socket.remoteAddress}:${incoming.socket.remotePort}`,
  });
  send(node, await settled(node, response), incoming, outgoing);
}

/** An answer that waits for the clock: sockets wait for it too. */
async function settled(node: SimulatedNode, response: NodeResponse): Promise<NodeResponse> {
  if (response.later === undefined) return response;
  const timer = setInterval(() => node.chainweb.sync(), LOOK_MS);
  try {
    return await response.later;
  } finally {
    clearInterval(timer);
  }
}

function send(
  node: SimulatedNode,
  response: NodeResponse,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): void {
  if (response.wire === 'reset') {
    incoming.socket.resetAndDestroy();
  } else if (response.wire === 'stream') {
    outgoing.writeHead(response.status, response.headers);
    outgoing.flushHeaders();
    const stream = new HeaderStream(node);
    const timer = setInterval(() => outgoing.write(stream.next()), LOOK_MS);
    outgoing.once('close', () => clearInterval(timer));
  } else if (response.wire === undefined) {
    outgoing.writeHead(response.status, response.headers);
    outgoing.end(response.body);
  }
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  return isPort(address) ? address.port : port;
}

function isPort(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
