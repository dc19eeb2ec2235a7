import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { fromBase64Url, LIMITS } from '@stoa/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { LinkWitness } from '#channel/link-witness.fixture.ts';
import type { Transport } from '#channel/transport.ts';
import { createWebSocketTransport } from '#channel/websocket.ts';
import { DIRECT } from '#proxy.ts';
import { VirtualClock } from '#virtual-clock.ts';

const nonceA = new Uint8Array(32).fill(7);
const open: { close(): unknown }[] = [];
const sockets = new Set<Socket>();

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(open.splice(0).map(({ close }) => close()));
});

async function listen(server: Server | ReturnType<typeof createTcpServer>): Promise<string> {
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({ close: () => new Promise((resolve) => server.close(resolve)) });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A hub's socket end, and an agent's transport on virtual time. */
async function pair(greet: (socket: WebSocket, request: IncomingMessage) => void) {
  const server = createServer();
  // It would compress if the agent offered to.
  const accepting = new WebSocketServer({ server, perMessageDeflate: true });
  accepting.on('connection', greet);
  const clock = new VirtualClock();
  const transport: Transport = createWebSocketTransport({ clock, proxies: DIRECT });
  return { origin: await listen(server), clock, transport, accepting };
}

describe('a WebSocket link', () => {
  test('brings the nonce, the cookie and the subprotocol, and never offers compression (F25)', async () => {
    let seen: IncomingMessage | undefined;
    const { origin, transport } = await pair((socket, request) => {
      seen = request;
      socket.send(new Uint8Array([1, 2]));
    });
    const witness = new LinkWitness();
    const link = transport.dial({ origin, nonceA, cookie: new Uint8Array([9]) }, witness);
    await witness.until(({ messages }) => messages.length > 0);
    expect([...witness.messages[0]!]).toEqual([1, 2]);
    expect(seen?.url).toBe('/agent/v1');
    expect(fromBase64Url(String(seen?.headers['stoa-nonce']))).toEqual(nonceA);
    expect(seen?.headers).toMatchObject({ 'stoa-cookie': 'CQ', 'sec-websocket-protocol': 'stoa-agent.v1' });
    expect(seen?.headers['sec-websocket-extensions']).toBeUndefined();
    expect(link.acceptsBinding({ mode: 'terminator', value: '127.0.0.1' })).toBe(true);
    expect(link.acceptsBinding({ mode: 'terminator', value: 'hub.example' })).toBe(false);
    expect(link.acceptsBinding({ mode: 'exporter', value: '' })).toBe(false);
    link.destroy();
    expect(witness.ends).toMatchObject([{ code: 1006, opened: true }]);
  });

  test('sends in order, and what it sent before closing arrives', async () => {
    const received: number[] = [];
    let closed: (code: number) => void = () => undefined;
    const ended = new Promise<number>((resolve) => {
      closed = resolve;
    });
    const { origin, transport } = await pair((socket) => {
      socket.on('message', (data: Buffer) => void received.push(data[0]!));
      socket.on('close', closed);
      socket.send(new Uint8Array([0]));
    });
    const witness = new LinkWitness();
    const link = transport.dial({ origin, nonceA }, witness);
    await witness.until(({ messages }) => messages.length > 0);
    for (let n = 1; n <= 50; n += 1) link.send(new Uint8Array([n]));
    link.close(4010, 'drained');
    expect(await ended).toBe(4010);
    expect(received).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    await witness.until(({ ends }) => ends.length > 0);
    expect(witness.ends).toMatchObject([{ code: 4010, opened: true }]);
    link.send(new Uint8Array([51]));
  });

  test('tells the close code of the hub', async () => {
    const { origin, transport } = await pair((socket) => socket.close(4003, 'replaced by another session'));
    const witness = new LinkWitness();
    transport.dial({ origin, nonceA }, witness);
    await witness.until(({ ends }) => ends.length > 0);
    expect(witness.ends).toMatchObject([{ code: 4003, reason: 'replaced by another session', opened: true }]);
  });

  test('ends with a message that is too large, or that is text', async () => {
    for (const message of [new Uint8Array(LIMITS.frameBytes + 1), 'text']) {
      const { origin, transport } = await pair((socket) => socket.send(message));
      const witness = new LinkWitness();
      transport.dial({ origin, nonceA }, witness);
      await witness.until(({ ends }) => ends.length > 0);
      expect(witness.messages).toEqual([]);
    }
  });

  test('says that it has drained when a reader that was slow reads again', async () => {
    let slow: WebSocket | undefined;
    const { origin, transport } = await pair((socket) => {
      slow = socket;
      socket.pause();
      socket.send(new Uint8Array([0]));
    });
    const witness = new LinkWitness();
    const link = transport.dial({ origin, nonceA }, witness);
    await witness.until(({ messages }) => messages.length > 0);
    // Past what the kernel takes.
    for (let n = 0; n < 200; n += 1) link.send(new Uint8Array(60_000));
    expect(link.buffered).toBeGreaterThan(1_000_000);
    expect(witness.drains).toBe(0);
    slow?.resume();
    await witness.until(({ drains }) => drains > 0);
    expect(link.buffered).toBeLessThan(40_000);
    link.destroy();
  });

  test('drops a peer that does not answer the farewell', async () => {
    const { origin, transport, clock } = await pair((socket) => {
      socket.send(new Uint8Array([0]));
      socket.pause();
    });
    const witness = new LinkWitness();
    const link = transport.dial({ origin, nonceA }, witness);
    await witness.until(({ messages }) => messages.length > 0);
    link.close(1000, 'bye');
    await clock.advance(1_900);
    expect(witness.ends).toEqual([]);
    await clock.advance(200);
    await witness.until(({ ends }) => ends.length > 0);
    expect(witness.ends).toMatchObject([{ opened: true }]);
  });
});

describe('an attempt that comes to nothing', () => {
  test('tells the HTTP answer, and what the hub said in it', async () => {
    const said = JSON.stringify({
      code: 'throttled',
      message: 'come back',
      retry: true,
      retryAfterMs: 5_000,
    });
    for (const [status, body] of [
      [403, '<html>blocked</html>'],
      [429, said],
    ] as const) {
      const server = createServer((_request, response) => response.writeHead(status).end(body));
      const transport = createWebSocketTransport({ clock: new VirtualClock(), proxies: DIRECT });
      const witness = new LinkWitness();
      transport.dial({ origin: await listen(server), nonceA }, witness);
      await witness.until(({ ends }) => ends.length > 0);
      expect(witness.ends).toMatchObject([{ opened: false, httpStatus: status }]);
      expect(witness.ends[0]?.hubError).toEqual(status === 429 ? JSON.parse(said) : undefined);
    }
  });

  test('tells a refused connection', async () => {
    const server = createServer();
    const origin = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const witness = new LinkWitness();
    createWebSocketTransport({ clock: new VirtualClock(), proxies: DIRECT }).dial(
      { origin, nonceA },
      witness,
    );
    await witness.until(({ ends }) => ends.length > 0);
    expect(witness.ends).toMatchObject([{ opened: false, code: 1006, cause: { code: 'ECONNREFUSED' } }]);
  });

  test('is given up after fifteen seconds of silence', async () => {
    const silent = createTcpServer();
    const accepted = once(silent, 'connection');
    const origin = await listen(silent);
    const clock = new VirtualClock();
    const witness = new LinkWitness();
    createWebSocketTransport({ clock, proxies: DIRECT }).dial({ origin, nonceA }, witness);
    await accepted;
    await clock.advance(14_000);
    expect(witness.ends).toEqual([]);
    await clock.advance(1_100);
    await witness.until(({ ends }) => ends.length > 0);
    expect(witness.ends).toMatchObject([{ opened: false }]);
    expect(clock.pending).toBe(0);
  });
});
