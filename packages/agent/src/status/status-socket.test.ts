import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createClock } from '#clock.ts';
import { LogRing } from '#log.ts';
import { serveMetrics } from '#status/metrics-server.ts';
import { makeSnapshot, makeUpdate, makeWork } from '#status/snapshot.fixture.ts';
import { askStatus, followLog } from '#status/status-client.ts';
import { type StatusServer, serveStatus } from '#status/status-server.ts';
import { VirtualClock } from '#virtual-clock.ts';

let directory: string;
let path: string;
const servers: StatusServer[] = [];
let ring: LogRing;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'stoa-status-'));
  path = join(directory, 'status.sock');
  ring = new LogRing();
});

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  rmSync(directory, { recursive: true });
});

async function serve(clock = new VirtualClock()) {
  const server = await serveStatus({
    path,
    clock,
    answers: {
      status: () => makeSnapshot(),
      metrics: () => ({ text: 'up 1\n' }),
      logs: () => ({ lines: ['a', 'b'] }),
      jobs: () => makeWork(),
      update: async () => makeUpdate(),
      look: async () => makeWork({ paused: true }),
    },
    follow: (told) => ring.follow(told),
  });
  servers.push(server);
  return { server, clock };
}

const ask = (question: Parameters<typeof askStatus>[1]) =>
  askStatus({ path, clock: createClock() }, question);

function talk(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const client = connect(path, () => client.write(text));
    client.on('data', (chunk) => {
      answer += chunk;
    });
    client.once('close', () => resolve(answer)).once('error', reject);
  });
}

describe('the status socket', () => {
  it('answers what it is asked, as JSON', async () => {
    await serve();
    const snapshot = JSON.parse(JSON.stringify(makeSnapshot()));
    expect(await ask('status')).toEqual(snapshot);
    expect(await ask('metrics')).toEqual({ text: 'up 1\n' });
    expect(await ask('logs')).toEqual({ lines: ['a', 'b'] });
    expect(await ask('jobs')).toMatchObject({ paused: false });
    expect(await ask('look')).toMatchObject({ paused: true });
    expect(JSON.parse(await talk('{"ask":"status"}\n'))).toMatchObject({ ok: true, pid: 4242 });
  });

  it('sends the lines of the log to who follows it, until that one leaves or the agent ends', async () => {
    const { server } = await serve();
    const stop = new AbortController();
    const seen: string[] = [];
    const first = Promise.withResolvers<void>();
    const follow = (signal: AbortSignal) =>
      followLog({ path, signal }, (line) => {
        seen.push(line);
        first.resolve();
      });
    const following = follow(stop.signal);
    // Nobody tells when the server has heard the question: say it until it is heard.
    const timer = setInterval(() => ring.push('one'), 5);
    await first.promise;
    clearInterval(timer);
    expect(seen[0]).toBe('one');
    stop.abort();
    await following;
    const cut = expect(follow(new AbortController().signal)).rejects.toMatchObject({
      code: 'agent_unreachable',
    });
    await server.close();
    await cut;
  });

  it('is for its owner alone', async () => {
    await serve();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['{"ask":"keys"}\n'],
    ['{"ask":"constructor"}\n'],
    ['{}\n'],
    ['null\n'],
    ['GET / HTTP/1.1\r\n\r\n'],
    ['\n'],
  ])('refuses %j in words', async (request) => {
    await serve();
    const answer = JSON.parse(await talk(request));
    expect(answer).toEqual({ ok: false, error: expect.objectContaining({ message: expect.any(String) }) });
  });

  it('hangs up on who says too much, or nothing', async () => {
    const { clock } = await serve();
    expect(await talk('x'.repeat(5000))).toBe('');
    const silent = talk('');
    await vi.waitFor(() => expect(clock.pending).toBe(1), { timeout: 60_000 });
    await clock.advance(5000);
    expect(await silent).toBe('');
    await vi.waitFor(() => expect(clock.pending).toBe(0), { timeout: 60_000 });
  });

  it('F33 closes at once, although a client stays, and takes its file along', async () => {
    const { server } = await serve();
    const client = connect(path);
    await once(client, 'connect');
    await server.close();
    expect(existsSync(path)).toBe(false);
    client.destroy();
  });

  it('replaces the socket of an agent that was killed', async () => {
    const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => console.log('up'))`;
    const child = spawn(process.execPath, ['-e', script]);
    await once(child.stdout, 'data');
    await expect(serve()).rejects.toMatchObject({ code: 'socket_busy' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(existsSync(path)).toBe(true);
    await serve();
    expect(await ask('logs')).toEqual({ lines: ['a', 'b'] });
  });

  it('leaves alone what is no socket', async () => {
    writeFileSync(path, 'precious');
    await expect(serve()).rejects.toMatchObject({ code: 'socket_failed' });
    expect(statSync(path).size).toBe(8);
  });

  it('says why it can’t be made', async () => {
    path = join(directory, 'absent', 'status.sock');
    await expect(serve()).rejects.toMatchObject({ code: 'socket_failed', cause: expect.any(Error) });
  });
});

async function impersonate(onClient: (client: Socket) => void): Promise<void> {
  const clients: Socket[] = [];
  const impostor = createServer((client) => {
    clients.push(client.on('error', () => client.destroy()));
    onClient(client);
  });
  await new Promise<void>((resolve) => impostor.listen(path, resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      impostor.close(() => resolve());
      for (const client of clients) client.destroy();
    });
  servers.push({ close });
}

describe('asking', () => {
  it('says that no agent runs', async () => {
    await expect(ask('status')).rejects.toMatchObject({ code: 'agent_unreachable', retry: true });
    writeFileSync(path, '');
    await expect(ask('status')).rejects.toMatchObject({ code: 'agent_unreachable' });
  });

  it.each([
    ['agent_garbled', 'SSH-2.0-OpenSSH\n'],
    ['agent_garbled', '{"ok":false,"error":{}}\n'],
    ['agent_garbled', ''],
  ])('says %s when another program answers %j', async (code, text) => {
    await impersonate((client) => client.end(text));
    await expect(ask('status')).rejects.toMatchObject({ code });
  });

  it('says that the agent is silent', async () => {
    const clock = new VirtualClock();
    const connected = Promise.withResolvers<void>();
    await impersonate(() => connected.resolve());
    const pending = askStatus({ path, clock }, 'status').catch((error: unknown) => error);
    await connected.promise;
    await clock.advance(2000);
    expect(await pending).toMatchObject({ code: 'agent_silent' });
  });
});

describe('the metrics listener', () => {
  it('serves /metrics on a loopback port, and nothing else', async () => {
    const server = await serveMetrics('127.0.0.1:0', () => 'up 1\n');
    servers.push(server);
    const answer = await fetch(`http://${server.address}/metrics`);
    expect([answer.status, answer.headers.get('content-type'), await answer.text()]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
      'up 1\n',
    ]);
    expect((await fetch(`http://${server.address}/`)).status).toBe(404);
    expect((await fetch(`http://${server.address}/metrics`, { method: 'POST' })).status).toBe(405);
  });

  it('serves them on a Unix socket for owner and group', async () => {
    servers.push(await serveMetrics(path, () => 'up 1\n'));
    expect(statSync(path).mode & 0o777).toBe(0o660);
    expect(await talk('GET /metrics HTTP/1.0\r\n\r\n')).toMatch(/200 OK[\s\S]*\r\n\r\nup 1\n$/);
  });

  it('says which address is taken', async () => {
    const first = await serveMetrics('127.0.0.1:0', () => '');
    servers.push(first);
    await expect(serveMetrics(first.address, () => '')).rejects.toMatchObject({
      code: 'metrics_listen_failed',
      message: expect.stringContaining(first.address),
    });
  });
});
