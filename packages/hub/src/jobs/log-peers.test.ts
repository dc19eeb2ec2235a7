import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobLog } from './job-logs.ts';
import { LogPeers, PeerPasses } from './log-peers.ts';
import { readTail } from './pages/log-tail.tsx';

const JOB = '00000000-0000-4000-8000-000000000001';
const FIRST = Buffer.from('the first line\n');

/** Time that passes only where somebody waits for it. */
function waitClock() {
  const waits = new Set<() => void>();
  return {
    now: () => 0,
    after(_ms: number, task: () => void) {
      waits.add(task);
      return () => void waits.delete(task);
    },
    get pending() {
      return waits.size;
    },
    async runOut() {
      while (waits.size === 0) await new Promise(setImmediate);
      for (const task of waits) task();
    },
  };
}

describe('a peer that has a log', () => {
  let server: Server;
  let answer: RequestListener;
  let clock: ReturnType<typeof waitClock>;
  let peers: LogPeers;

  beforeEach(async () => {
    server = createServer((request, response) => answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    clock = waitClock();
    const passes = new PeerPasses({ key: new Uint8Array(32), clock });
    peers = new LogPeers({ store: { urlOf: () => Promise.resolve(url) }, passes, fetch, clock });
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    expect(clock.pending).toBe(0);
  });

  it('and hangs is taken for one that is away', async () => {
    const asked = Promise.withResolvers<void>();
    answer = () => asked.resolve();
    const opened = peers.open('hub-2', JOB);
    await asked.promise;
    await clock.runOut();
    expect(await opened).toBeUndefined();
  });

  it('and closes a connection just as it is used again is asked once more, and no oftener', async () => {
    let asked = 0;
    let closes = 1;
    answer = (request, response) => {
      asked += 1;
      if (asked <= closes) request.socket.destroy();
      else response.writeHead(200, { 'x-stoa-size': 100 }).end();
    };
    expect((await peers.open('hub-2', JOB))?.size).toBe(100);
    expect(asked).toBe(2);
    closes = 9;
    expect(await peers.open('hub-2', JOB)).toBeUndefined();
    expect(asked).toBe(4);
  });

  it('and goes before it is asked for a range leaves a log that is cut', async () => {
    answer = (request, response) => {
      if (request.method === 'HEAD') response.writeHead(200, { 'x-stoa-size': 100 }).end();
      else response.writeHead(503).end();
    };
    const log = await peers.open('hub-2', JOB);
    await expect(log!.bytes(0, 99)[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'log_cut' });
  });

  it('and hangs in the middle of a range ends it there', async () => {
    answer = (request, response) => {
      response.writeHead(200, { 'x-stoa-size': 100 });
      if (request.method === 'HEAD') response.end();
      else response.write(FIRST);
    };
    const log = await peers.open('hub-2', JOB);
    const pieces = log!.bytes(0, 99)[Symbol.asyncIterator]();
    expect(Buffer.from((await pieces.next()).value!).equals(FIRST)).toBe(true);
    const rest = expect(pieces.next()).rejects.toMatchObject({ code: 'log_cut', retry: true });
    await clock.runOut();
    await rest;
  });

  it('and hangs in the middle leaves a page what came', async () => {
    answer = (request, response) => {
      response.writeHead(200, { 'x-stoa-size': 100 });
      if (request.method === 'HEAD') response.end();
      else response.write(FIRST);
    };
    const open = async (id: string): Promise<JobLog | undefined> => {
      const log = (await peers.open('hub-2', id))!;
      return {
        size: log.size,
        async *bytes(first, last) {
          for await (const piece of log.bytes(first, last)) {
            yield piece;
            void clock.runOut();
          }
        },
      };
    };
    expect(await readTail({ open }, JOB)).toBe(FIRST.toString());
  });

  it('may be silent for long where a log is followed, but not before it answers', async () => {
    const [heard, gone] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const { signal } = new AbortController();
    answer = (_request, response) => {
      response.on('close', () => gone.resolve());
      heard.resolve();
    };
    const silent = peers.follow('hub-2', JOB, { offset: 0, signal })[Symbol.asyncIterator]();
    const ended = silent.next();
    await heard.promise;
    await clock.runOut();
    expect((await ended).done).toBe(true);
    await gone.promise;
    const rest = Promise.withResolvers<void>();
    answer = (_request, response) => {
      response.write(FIRST);
      void rest.promise.then(() => response.end(FIRST));
    };
    const pieces = peers.follow('hub-2', JOB, { offset: 0, signal })[Symbol.asyncIterator]();
    await pieces.next();
    const next = pieces.next();
    expect(clock.pending).toBe(0);
    rest.resolve();
    expect(Buffer.from((await next).value!).equals(FIRST)).toBe(true);
    expect((await pieces.next()).done).toBe(true);
  });
});
