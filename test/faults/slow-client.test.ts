/** Clients that take their time, to hold what others need: each is cut off with a bound. Real sockets, real time. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { CLOSE, LIMITS } from '@stoa/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTestHub, type TestHub } from '../kit/hub.ts';
import { WireAgent } from '../kit/wire-agent.ts';

/** `server.ts`: ten seconds for the headers, looked at every five. */
const HEADERS_MS = 15_000;
/** Machines are shared. */
const SLACK_MS = 5_000;

let world: TestHub;

beforeAll(async () => {
  world = await openTestHub();
});
afterAll(() => world[Symbol.asyncDispose]());

async function opened(): Promise<Socket> {
  const { hostname, port } = world.hub.url;
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
}

/** Says the first words, then the others again and again, a second apart, until the hub has had enough. */
async function drip([first, then]: readonly [string, string]): Promise<{ afterMs: number; answer: string }> {
  const socket = await opened();
  const from = performance.now();
  let answer = '';
  socket.on('data', (data: Buffer) => {
    answer += data.toString();
  });
  socket.write(first);
  const timer = setInterval(() => socket.writable && socket.write(then), 1_000);
  await once(socket, 'close');
  clearInterval(timer);
  return { afterMs: performance.now() - from, answer };
}

describe.concurrent('a client that never ends its request', () => {
  it.for([
    ['says nothing at all', ['', '']],
    ['sends a header a second', ['GET /fleet HTTP/1.1\r\nHost: x\r\n', 'X-A: b\r\n']],
    [
      'asks for an upgrade, a header a second',
      ['GET /agent/v1 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n', 'X-A: b\r\n'],
    ],
    ['sends a byte of its request line a second', ['GET /', 'a']],
  ] as const)('and %s is cut off', async ([, words], { expect: its }) => {
    const { afterMs, answer } = await drip(words);
    its(afterMs).toBeLessThan(HEADERS_MS + SLACK_MS);
    its(answer).toMatch(/^HTTP\/1\.1 408/);
  });

  it('and upgrades, but says no Hello, is closed after five seconds', async ({ expect: its }) => {
    const from = performance.now();
    const agent = new WireAgent(world.hub.url.origin, await world.enrol());
    its(await agent.closed).toMatchObject({ code: CLOSE.handshakeTimeout });
    its(performance.now() - from).toBeLessThan(LIMITS.handshakeMs + SLACK_MS);
  });

  it('holds up nobody else meanwhile', async ({ expect: its }) => {
    const slow = await Promise.all(Array.from({ length: 200 }, opened));
    for (const socket of slow) socket.write('GET /fleet HTTP/1.1\r\nHost: x\r\n');
    const agent = await new WireAgent(world.hub.url.origin, await world.enrol()).connect();
    its((await fetch(new URL('/healthz', world.hub.url))).status).toBe(200);
    await agent.close();
    for (const socket of slow) socket.destroy();
  });
});

it('the hub is as free as before', async () => {
  expect(world.hub.agents.gateway.pending).toEqual({ active: 0, waiting: 0 });
});
