/** What each transport says of a port on which nobody listens: the first attempts of an agent hang on it. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import {
  createClock,
  createHttp,
  createLongPollTransport,
  createWebSocketTransport,
  DIRECT,
  type LinkEnd,
  nobodyListens,
  type Transport,
} from '@stoa/agent';
import { describe, expect, it } from 'vitest';

const clock = createClock();
const transports: readonly Transport[] = [
  createWebSocketTransport({ clock, proxies: DIRECT }),
  createLongPollTransport({ clock, http: createHttp({ clock }) }),
];

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function endOf(transport: Transport, origin: string): Promise<LinkEnd> {
  return new Promise((closed) => {
    const ignore = () => undefined;
    transport.dial({ origin, nonceA: new Uint8Array(32) }, { message: ignore, drained: ignore, closed });
  });
}

describe.for(transports.map((transport) => ({ name: transport.name, transport })))(
  '$name',
  ({ transport }) => {
    // A name may stand for several addresses, whose refusals come as one error.
    it.for(['127.0.0.1', 'localhost'])('tells a refused connection to %s from others', async (host) => {
      const end = await endOf(transport, `http://${host}:${await freePort()}`);
      expect(nobodyListens(end)).toBe(true);
    });

    it('does not take a server that hangs up for one that is not there', async () => {
      const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      expect(nobodyListens(await endOf(transport, `http://127.0.0.1:${port}`))).toBe(false);
      server.close();
      await once(server, 'close');
    });
  },
);
