import { createServer } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ConnectProxyOptions {
  /** Required by Proxy-Authorization: Basic; anybody may pass if absent. */
  user?: string;
  password?: string;
  /** `silent` accepts and never answers; a number answers every CONNECT with that status. */
  behaviour?: 'tunnel' | 'silent' | number;
}

export interface ConnectProxy {
  port: number;
  /** URL with user and password. */
  url: string;
  /** host:port of each CONNECT that was asked for, allowed or not. */
  asked: string[];
  /** Open connections on both sides: a leak check. */
  open(): number;
  close(): Promise<void>;
}

/** A real authenticating CONNECT proxy on a free loopback port. */
export async function startConnectProxy(options: ConnectProxyOptions = {}): Promise<ConnectProxy> {
  const { user, password = '', behaviour = 'tunnel' } = options;
  const expected = user === undefined ? undefined : `Basic ${btoa(`${user}:${password}`)}`;
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  // Anything but CONNECT, such as a WebSocket upgrade in absolute form, is refused.
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connection', track);
  server.on('upgrade', (_request, socket) => socket.end('HTTP/1.1 405 Method Not Allowed\r\n\r\n'));
  const refusal = (authorization: string | undefined): string | undefined => {
    if (typeof behaviour === 'number') return `${behaviour} Refused`;
    if (expected === undefined || authorization === expected) return undefined;
    return '407 Proxy Authentication Required\r\nProxy-Authenticate: Basic';
  };
  server.on('connect', (request, client, head) => {
    asked.push(request.url ?? '');
    const refused = refusal(request.headers['proxy-authorization']);
    if (behaviour === 'silent') client.resume().once('end', () => client.end());
    else if (refused) client.end(`HTTP/1.1 ${refused}\r\n\r\n`);
    else tunnel(new URL(`http://${request.url}`), client, head);
  });
  const tunnel = (target: URL, client: Duplex, head: Buffer): void => {
    const upstream = track(connect(Number(target.port || 80), target.hostname.replace(/^\[|\]$/g, '')));
    upstream.once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    upstream.once('error', () => client.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    client.once('close', () => upstream.destroy());
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const login = user === undefined ? '' : `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`;
  return {
    port,
    url: `http://${login}127.0.0.1:${port}`,
    asked,
    open: () => sockets.size,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
