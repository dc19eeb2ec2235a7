import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { joinBatch, splitBatch } from '@stoa/protocol';
import { afterEach, describe, expect, test } from 'vitest';
import { LinkWitness } from '#channel/link-witness.fixture.ts';
import { createLongPollTransport } from '#channel/long-poll.ts';
import { createHttp } from '#http.ts';
import { VirtualClock } from '#virtual-clock.ts';

const nonceA = new Uint8Array(32).fill(7);
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

interface Poll {
  path: string;
  number: number;
  messages: number[][];
  headers: IncomingMessage['headers'];
  answer(messages: readonly number[][], headers?: Record<string, string>, status?: number): void;
  /** The connection breaks, as the answer would have come. */
  lose(): void;
}

/** The hub's HTTP surface, every answer in the test's hand; each request is waited for. */
class PollServer {
  readonly polls: Poll[] = [];
  readonly #taken: ((poll: Poll) => void)[] = [];
  readonly #server = createServer((request, response) => void this.#take(request, response));
  #next = 0;

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    closing.push(
      () =>
        new Promise((resolve) => {
          this.#server.closeAllConnections();
          this.#server.close(() => resolve());
        }),
    );
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The next request in order of arrival. */
  async next(): Promise<Poll> {
    const at = this.#next;
    this.#next += 1;
    const known = this.polls[at];
    if (known) return known;
    return new Promise((resolve) => this.#taken.push(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of request as AsyncIterable<Uint8Array>) chunks.push(chunk);
    const poll: Poll = {
      path: request.url ?? '',
      number: Number(request.headers['stoa-poll']),
      messages: splitBatch(Buffer.concat(chunks)).map((message) => [...message]),
      headers: request.headers,
      answer: (messages, headers = {}, status = 200) => {
        response
          .writeHead(status, headers)
          .end(joinBatch(messages.map((message) => Uint8Array.from(message))));
      },
      lose: () => void response.destroy(),
    };
    this.polls.push(poll);
    this.#taken.shift()?.(poll);
  }
}

async function opened() {
  const hub = new PollServer();
  const origin = await hub.listen();
  const clock = new VirtualClock(1);
  const transport = createLongPollTransport({ clock, http: createHttp({ clock, keepAlive: true }) });
  const witness = new LinkWitness();
  const link = transport.dial({ origin, nonceA, cookie: new Uint8Array([9]) }, witness);
  const open = await hub.next();
  const heard = (): number[][] => witness.messages.map((message) => [...message]);
  return { hub, clock, witness, link, open, heard, origin };
}

async function established() {
  const world = await opened();
  world.open.answer([[1]], { 'stoa-session': 'abc' });
  await world.witness.until(({ messages }) => messages.length === 1);
  await world.clock.advance(1_000);
  const first = await world.hub.next();
  return { ...world, first };
}

describe('a long-poll link', () => {
  test('opens with nonce and cookie, brings the first message, and polls', async () => {
    const { open, first, heard, link } = await established();
    expect(open.path).toBe('/agent/v1/poll/open');
    expect(open.headers).toMatchObject({
      'stoa-cookie': 'CQ',
      'stoa-nonce': 'BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc',
    });
    expect(first).toMatchObject({ path: '/agent/v1/poll', number: 1, messages: [] });
    expect(first.headers['stoa-session']).toBe('abc');
    expect(heard()).toEqual([[1]]);
    expect(link.acceptsBinding({ mode: 'terminator', value: '127.0.0.1' })).toBe(true);
    expect(link.acceptsBinding({ mode: 'exporter', value: 'x' })).toBe(false);
    link.destroy();
  });

  test('sends with the next poll while one is held, and delivers answers in the order of the polls', async () => {
    const { hub, clock, witness, link, first, heard } = await established();
    link.send(new Uint8Array([10]));
    link.send(new Uint8Array([11]));
    await clock.advance(1_000);
    const second = await hub.next();
    expect(second).toMatchObject({ number: 2, messages: [[10], [11]] });
    // The newer answer comes first.
    second.answer([[3]]);
    first.answer([[2]]);
    await witness.until(({ messages }) => messages.length === 3);
    expect(heard()).toEqual([[1], [2], [3]]);
    link.destroy();
  });

  test('asks again for an answer that was lost, with the same number and body', async () => {
    const { hub, clock, witness, link, first, heard } = await established();
    first.answer([]);
    link.send(new Uint8Array([10]));
    const second = await hub.next();
    expect(second).toMatchObject({ number: 2, messages: [[10]] });
    second.lose();
    const retried = hub.next();
    for (let again: Poll | undefined; again === undefined; ) {
      await clock.advance(1_000);
      again = hub.polls[3];
    }
    const again = await retried;
    expect(again).toMatchObject({ number: 2, messages: [[10]] });
    again.answer([[5]]);
    await witness.until(({ messages }) => messages.length === 2);
    expect(heard()).toEqual([[1], [5]]);
    link.destroy();
  });

  test('ends with the close code of a session that is gone', async () => {
    const { witness, first } = await established();
    first.answer([], { 'stoa-close': '4003' }, 410);
    await witness.until(({ ends }) => ends.length > 0);
    expect(witness.ends).toMatchObject([{ code: 4003, opened: true }]);
    expect(witness.ends[0]?.httpStatus).toBeUndefined();
  });

  test('says its last word and goodbye', async () => {
    const { hub, witness, link, first } = await established();
    first.answer([]);
    link.send(new Uint8Array([10]));
    (await hub.next()).answer([]);
    link.send(new Uint8Array([11]));
    link.close(1000, 'bye');
    const last = await hub.next();
    expect(last).toMatchObject({ path: '/agent/v1/poll', messages: [[11]] });
    last.answer([]);
    const bye = await hub.next();
    expect(bye.path).toBe('/agent/v1/poll/close');
    bye.answer([]);
    await witness.until(({ ends }) => ends.length > 0);
    expect(witness.ends).toMatchObject([{ code: 1000, reason: 'bye' }]);
  });

  test('does not spin where the hub answers at once with nothing', async () => {
    const { hub, clock, first, link } = await established();
    let latest = first;
    for (let n = 0; n < 5; n += 1) {
      latest.answer([]);
      const next = hub.next();
      const before = hub.polls.length;
      for (let turns = 0; hub.polls.length === before && turns < 50; turns += 1) await clock.advance(100);
      latest = await next;
    }
    expect(clock.monotonic()).toBeGreaterThanOrEqual(5_000);
    link.destroy();
  });

  test('has room again once the hub has taken what was sent', async () => {
    const { hub, witness, link, first } = await established();
    first.answer([]);
    for (let n = 0; n < 6; n += 1) link.send(new Uint8Array(50_000));
    expect(link.buffered).toBeGreaterThan(250_000);
    for (let left = 3; left > 0; left -= 1) (await hub.next()).answer([]);
    await witness.until(({ drains }) => drains > 0);
    expect(link.buffered).toBe(0);
    link.destroy();
  });
});

describe('an attempt that comes to nothing', () => {
  test.for([
    [403, 'proxy page', undefined],
    [429, JSON.stringify({ code: 'throttled', message: 'later', retry: true, retryAfterMs: 9 }), 9],
  ] as const)('tells %i', async ([status, body, retryAfterMs]) => {
    const server = createServer((_request, response) => response.writeHead(status).end(body));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => new Promise((resolve) => server.close(() => resolve())));
    const clock = new VirtualClock();
    const witness = new LinkWitness();
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    createLongPollTransport({ clock, http: createHttp({ clock }) }).dial({ origin, nonceA }, witness);
    await witness.until(({ ends }) => ends.length > 0);
    expect(witness.ends).toMatchObject([{ opened: false, httpStatus: status }]);
    expect(witness.ends[0]?.hubError?.retryAfterMs).toBe(retryAfterMs);
  });

  test('is given up after fifteen seconds', async () => {
    const { clock, witness, open } = await opened();
    await clock.advance(15_000);
    await witness.until(({ ends }) => ends.length > 0);
    expect(witness.ends).toMatchObject([{ opened: false, cause: { code: 'http_timeout' } }]);
    open.lose();
  });
});
