import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CommandDeps, createClock, runCli } from '@stoa/agent';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { serveNode, startSimulator } from '../chainweb/index.ts';
import { makeCertificate } from '../kit/certificate.ts';
import { startConnectProxy } from '../kit/connect-proxy.ts';

const closers: Array<() => unknown> = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const { cert, key } = makeCertificate();

interface HubOptions {
  /** How the hub answers an upgrade. */
  upgrade?: 'challenge' | 'silence' | 403;
  dateOffsetMs?: number;
}

/** As much of a hub as a doctor sees: /healthz with a date, and the first message of a WebSocket. */
async function startHub({ upgrade = 'challenge', dateOffsetMs = 0 }: HubOptions = {}): Promise<string> {
  const server = createServer({ cert, key }, (request, response) => {
    response.setHeader('date', new Date(Date.now() + dateOffsetMs).toUTCString());
    response.writeHead(request.url === '/healthz' ? 200 : 404).end();
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    if (upgrade === 403) return void socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
    sockets.handleUpgrade(request, socket, head, (client) => {
      if (upgrade === 'challenge') client.send(Uint8Array.of(1, 64));
      else client.close(1001, 'going away');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    for (const client of sockets.clients) client.terminate();
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `https://localhost:${(server.address() as AddressInfo).port}`;
}

async function startNode(): Promise<Record<string, string>> {
  const simulator = await startSimulator({ clock: createClock(), history: 3 });
  for (let peers = 0; peers < 3; peers += 1) simulator.network.addNode();
  const node = await serveNode(simulator.network.nodes[0]!, { tls: { cert, key } });
  closers.push(() => Promise.all([simulator.close(), node.close()]));
  return { CHAINWEB_URL: node.serviceUrl, CHAINWEB_P2P_URL: node.p2pUrl, CHAINWEB_NETWORK: 'simulated' };
}

interface Report {
  ok: boolean;
  result: string;
  checks: Array<{ id: string; result: string; why: string; fix?: string }>;
}

/** `stoa-agent doctor --json` on a host of its own. */
async function examine(hubUrl: string, env: Record<string, string>) {
  const dataDir = mkdtempSync(join(tmpdir(), 'stoa-doctor-'));
  closers.push(() => rmSync(dataDir, { recursive: true }));
  const keyFile = join(dataDir, 'identity');
  const caFile = join(dataDir, 'ca.pem');
  writeFileSync(keyFile, 'key', { mode: 0o600 });
  writeFileSync(caFile, cert);
  const unused = () => expect.fail('the doctor calls for nothing else');
  const deps: CommandDeps = {
    version: '1.2.3',
    run: unused,
    enroll: unused,
    rotateKey: unused,
    edit: unused,
    installation: unused,
    identity: async () => ({
      nodeId: 'ab'.repeat(32),
      label: 'node-1',
      region: 'eu',
      owner: 'ada@example.org',
      hubUrl,
      keyFiles: [keyFile],
      natIdle: { idleMs: 240_000, measuredAt: Date.now() },
    }),
  };
  let out = '';
  const code = await runCli({
    argv: ['doctor', '--json'],
    env: { STOA_AGENT_DATA: dataDir, STOA_AGENT_CA_FILE: caFile, ...env },
    host: { root: false, home: dataDir },
    io: {
      out: (text) => {
        out += text;
      },
      err: expect.unreachable,
      interactive: false,
      terminal: false,
      ask: unused,
    },
    signal: new AbortController().signal,
    deps,
  });
  const report = JSON.parse(out) as Report;
  const results = Object.fromEntries(report.checks.map(({ id, result }) => [id, result]));
  const why = (id: string) => report.checks.find((check) => check.id === id)?.why;
  return { code, report, results, why };
}

describe('the doctor', () => {
  it('finds a sound host sound: real hub, node, disk and DNS', async () => {
    const { code, results, why } = await examine(await startHub(), await startNode());
    expect(results).toMatchObject({
      'dns-v4': 'ok',
      proxy: 'ok',
      'hub-tls': 'ok',
      'clock-skew': 'ok',
      websocket: 'ok',
      'nat-idle': 'ok',
      'chainweb-service': 'ok',
      'chainweb-p2p': 'ok',
      'data-dir': 'ok',
      'key-permissions': 'ok',
      commitment: 'skip',
    });
    expect(why('chainweb-service')).toMatch(
      /^chainweb-node 2\.32\.0 of 'simulated', 10 chains at height \d+$/,
    );
    expect(why('chainweb-p2p')).toMatch(/^11 peers, certificate [\w-]{43}$/);
    // No agent runs on this data directory, which is worth a remark.
    expect([code, results['agent']]).toEqual([3, 'warn']);
  });

  it('F24 goes by a proxy with a password, WebSocket included', async () => {
    const proxy = await startConnectProxy({ user: 'ada', password: 'pass word' });
    closers.push(() => proxy.close());
    vi.stubEnv('HTTPS_PROXY', proxy.url);
    const hubUrl = await startHub();
    const { results, why } = await examine(hubUrl, { ...(await startNode()), HTTPS_PROXY: proxy.url });
    expect(results).toMatchObject({
      'dns-v4': 'skip',
      proxy: 'ok',
      'hub-tls': 'ok',
      websocket: 'ok',
      'chainweb-p2p': 'ok',
    });
    expect(why('proxy')).toBe(`http://127.0.0.1:${proxy.port} opens a tunnel to the hub`);
    // The hub alone: the node beside the agent is never asked through it.
    expect(new Set(proxy.asked)).toEqual(new Set([new URL(hubUrl).host]));
  });

  it('F05 tells a proxy’s refusal from the hub’s', async () => {
    const proxy = await startConnectProxy({ user: 'ada', password: 'right' });
    closers.push(() => proxy.close());
    const wrong = proxy.url.replace('right', 'wrong');
    vi.stubEnv('HTTPS_PROXY', wrong);
    const { code, report, results } = await examine(await startHub(), {
      ...(await startNode()),
      HTTPS_PROXY: wrong,
    });
    expect([code, report.ok, results['proxy'], results['websocket']]).toEqual([1, false, 'fail', 'warn']);
    expect(JSON.stringify(report)).toContain('407');
    expect(JSON.stringify(report)).not.toContain('wrong');
  });

  it('names WebSockets that are blocked, before and after the upgrade', async () => {
    const node = await startNode();
    const blocked = await examine(await startHub({ upgrade: 403 }), node);
    expect([blocked.results['websocket'], blocked.why('websocket')]).toEqual([
      'warn',
      'no upgrade: HTTP 403',
    ]);
    const closed = await examine(await startHub({ upgrade: 'silence' }), node);
    expect(closed.why('websocket')).toContain('closed before the hub’s first message');
  });

  it('F21 tells how wrong the clock is', async () => {
    const { results, why } = await examine(await startHub({ dateOffsetMs: 3_600_000 }), await startNode());
    expect(results['clock-skew']).toBe('fail');
    expect(why('clock-skew')).toMatch(/^the clock is (3599|3600|3601) s behind the hub’s$/);
  });

  it('tells what is down', async () => {
    const { code, results } = await examine('https://localhost:1', {
      CHAINWEB_URL: 'http://127.0.0.1:1',
      CHAINWEB_P2P_URL: 'https://127.0.0.1:1',
    });
    expect(code).toBe(1);
    expect(results).toMatchObject({
      'hub-tls': 'fail',
      'clock-skew': 'skip',
      websocket: 'warn',
      'chainweb-service': 'fail',
      'chainweb-p2p': 'fail',
    });
  });

  it('does not trust a certificate of nobody', async () => {
    const { results, report } = await examine(await startHub(), {
      ...(await startNode()),
      STOA_AGENT_CA_FILE: '',
    });
    expect([results['hub-tls'], results['websocket']]).toEqual(['fail', 'warn']);
    expect(report.checks.find(({ id }) => id === 'hub-tls')?.fix).toContain('--ca-file');
  });
});
