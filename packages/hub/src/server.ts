import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { HubError } from './error.ts';

/** Opens the hub's one inbound port. The origin names the port that was taken where `port` is 0. */
export async function bindServer(at: {
  host: string;
  port: number;
}): Promise<{ server: Server; origin: URL }> {
  const server = createServer();
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
  return { server, origin: new URL(`http://${host.includes(':') ? `[${host}]` : host}:${port}`) };
}
