import { createServer } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import {
  createClock,
  createHttp,
  createProxies,
  environmentRule,
  ProxyRefusedError,
  VirtualClock,
} from '@stoa/agent';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { makeCertificate } from '../kit/certificate.ts';
import { type ConnectProxy, type ConnectProxyOptions, startConnectProxy } from '../kit/connect-proxy.ts';

const clock = createClock();
const { cert, key } = makeCertificate();
const plain = createServer((_request, response) => response.end('hub'));
const secure = createSecureServer({ cert, key }, (_request, response) => response.end('secure hub'));
const sockets = new WebSocketServer({ noServer: true });
for (const server of [plain, secure]) {
  server.on('upgrade', (request, socket, head) => {
    sockets.handleUpgrade(request, socket, head, (client) => client.send('hello'));
  });
}
const urlOf = (scheme: string, server: typeof plain): string =>
  `${scheme}://localhost:${(server.address() as AddressInfo).port}`;

let proxy: ConnectProxy;

beforeAll(async () => {
  await Promise.all([plain, secure].map((server) => new Promise<void>((done) => server.listen(0, done))));
});

afterEach(() => proxy.close());

afterAll(async () => {
  for (const client of sockets.clients) client.terminate();
  await Promise.all([plain, secure].map((server) => new Promise((done) => server.close(done))));
});

async function through(options: ConnectProxyOptions, rule?: (url: string) => string) {
  proxy = await startConnectProxy(options);
  const proxies = createProxies({ clock, proxyFor: rule ?? (() => proxy.url) });
  return { proxies, http: createHttp({ clock, proxies, ca: [cert] }) };
}

const login = { user: 'ada', password: 'p@ss:w/ord%' };

describe('F24 a CONNECT proxy with a password', () => {
  it('lets requests pass, encrypted or not', async () => {
    const { http } = await through(login);
    for (const [url, body] of [
      [urlOf('http', plain), 'hub'],
      [urlOf('https', secure), 'secure hub'],
    ] as const) {
      const answer = await http.request({ url, timeoutMs: 5000 });
      expect(Buffer.from(answer.body).toString()).toBe(body);
      expect(proxy.asked.at(-1)).toBe(new URL(url).host);
    }
  });

  it('lets WebSockets pass, encrypted or not', async () => {
    const { proxies } = await through(login);
    for (const url of [urlOf('ws', plain), urlOf('wss', secure)]) {
      const agent = await proxies.agentFor(url);
      expect(agent).toBeDefined();
      const socket = new WebSocket(url, 'stoa-agent.v1', { agent, ca: cert, perMessageDeflate: false });
      const said = await new Promise((resolve, reject) => {
        socket.once('message', (data) => resolve(data.toString()));
        socket.once('error', reject);
      });
      expect(said).toBe('hello');
      expect(proxy.asked.at(-1)).toBe(new URL(url).host);
      socket.terminate();
    }
  });

  it('still checks the certificate of the hub inside the tunnel', async () => {
    const { proxies } = await through(login);
    const distrusting = createHttp({ clock, proxies });
    await expect(distrusting.request({ url: urlOf('https', secure), timeoutMs: 5000 })).rejects.toMatchObject(
      {
        code: 'http_tls',
      },
    );
  });

  it('shows itself without its password', async () => {
    const { proxies } = await through(login);
    expect(proxies.describe('wss://hub.example')).toBe(`http://127.0.0.1:${proxy.port}`);
  });
});

describe('F05 a proxy that refuses', () => {
  it.each([
    ['a wrong password', { user: 'ada', password: 'other' }, 407],
    ['401', { behaviour: 401 }, 401],
    ['403', { behaviour: 403 }, 403],
    ['502', { behaviour: 502 }, 502],
  ])('with %s is an error of the way, never an answer of the hub', async (_name, options, status) => {
    const { http, proxies } = await through(options, () => proxy.url.replace('other', 'mistyped'));
    const url = urlOf('https', secure);
    const error: unknown = await http.request({ url, timeoutMs: 5000 }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ProxyRefusedError);
    expect(error).toMatchObject({ code: 'proxy_refused', status });

    const socket = new WebSocket(urlOf('wss', secure), { agent: await proxies.agentFor(url) });
    const events: string[] = [];
    socket.on('unexpected-response', () => events.push('answer'));
    const failed = await new Promise((resolve) => socket.once('error', resolve));
    expect(failed).toBeInstanceOf(ProxyRefusedError);
    expect(events).toEqual([]);
  });

  it('by silence is given up, and its connection closed', async () => {
    const virtual = new VirtualClock();
    proxy = await startConnectProxy({ behaviour: 'silent' });
    const http = createHttp({
      clock: virtual,
      proxies: createProxies({ clock: virtual, proxyFor: () => proxy.url }),
    });
    const pending = http.request({ url: urlOf('https', secure), timeoutMs: 60_000 }).catch((e: unknown) => e);
    await vi.waitFor(() => expect(proxy.asked).toHaveLength(1), { timeout: 60_000 });
    await virtual.advance(15_000);
    expect(await pending).toMatchObject({ code: 'proxy_unreachable', retry: true });
    await vi.waitFor(() => expect(proxy.open()).toBe(0), { timeout: 60_000 });
  });

  it('by being away is named as such', async () => {
    const { http } = await through({}, () => 'http://127.0.0.1:1');
    await expect(http.request({ url: urlOf('https', secure), timeoutMs: 5000 })).rejects.toMatchObject({
      code: 'proxy_unreachable',
    });
  });
});

describe('F24 the rule of the environment', () => {
  it('sends https and wss by HTTPS_PROXY, and what NO_PROXY names directly', async () => {
    const { http } = await through({}, environmentRule({ httpsProxy: '' }));
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    const url = urlOf('https', secure);
    await http.request({ url, timeoutMs: 5000 });
    expect(proxy.asked).toHaveLength(1);
    vi.stubEnv('NO_PROXY', 'example.com,localhost');
    await http.request({ url, timeoutMs: 5000 });
    expect(proxy.asked).toHaveLength(1);
    vi.stubEnv('NO_PROXY', '.localdomain');
    const { describe: route } = createProxies({ clock, proxyFor: environmentRule({ httpsProxy: '' }) });
    expect(route(url.replace('https', 'wss'))).toBe(proxy.url);
    expect(route('wss://hub.localdomain')).toBeUndefined();
  });

  it('takes a bare host:port for a plain HTTP proxy', async () => {
    proxy = await startConnectProxy();
    vi.stubEnv('https_proxy', `127.0.0.1:${proxy.port}`);
    const rule = environmentRule({ httpsProxy: `http://127.0.0.1:${proxy.port}/` });
    const http = createHttp({ clock, ca: [cert], proxies: createProxies({ clock, proxyFor: rule }) });
    expect((await http.request({ url: urlOf('https', secure), timeoutMs: 5000 })).status).toBe(200);
    expect(proxy.asked).toHaveLength(1);
  });
});
