import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  askChainweb,
  CollectorSet,
  type Cut,
  createHttp,
  createLog,
  cutCollector,
  fetchHeader,
  fetchPayload,
  pollCut,
  VirtualClock,
} from '@stoa/agent';
import {
  decodeHeader,
  hashBytes,
  hashText,
  headerHash,
  payloadHash,
  simulatedNetwork,
} from '@stoa/protocol/chainweb';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ManualClock, type SimulatorOptions, serveNode, startSimulator } from '../chainweb/index.ts';
import { makeCertificate } from '../kit/certificate.ts';

const closers: Array<() => unknown> = [];
const middle = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(0x80);

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function simulated(options: Partial<SimulatorOptions> = {}) {
  const chainClock = new ManualClock();
  const simulator = await startSimulator({ clock: chainClock, history: 20, ...options });
  closers.push(() => simulator.close());
  const clock = new VirtualClock(chainClock.now());
  const { serviceUrl, p2pUrl, network } = simulator;
  const http = createHttp({ clock });
  return { network, chainClock, deps: { http, clock, serviceUrl, p2pUrl, network: 'simulated' } };
}

async function scripted(listener: (url: string, response: ServerResponse) => void) {
  const server = createServer((request, response) => listener(request.url ?? '', response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const serviceUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const clock = new VirtualClock();
  return { http: createHttp({ clock }), clock, serviceUrl, p2pUrl: serviceUrl, network: 'stoa' };
}

const asText = ({ tips }: Pick<Cut, 'tips'>) => tips.map((tip) => ({ ...tip, hash: hashText(tip.hash) }));

/** A bound for what hangs. */
const soon = <T>(look: () => T | Promise<T>): Promise<T> => vi.waitFor(look, { timeout: 60_000 });

describe('the tips of a node', () => {
  it('are ten, with hash, height and weight', async () => {
    const { deps, network } = await simulated();
    const cut = await pollCut(deps);
    const truth = network.nodes[0]!.cut();
    expect(asText(cut)).toEqual(truth.tips);
    expect(cut.tips).toHaveLength(10);
    expect(cut).toMatchObject({ height: truth.height, weight: truth.weight, source: 'poll' });
  });

  it('of another network are refused, with what to do', async () => {
    const { deps } = await simulated();
    await expect(pollCut({ ...deps, network: 'stoa' })).rejects.toMatchObject({
      code: 'chainweb_status',
      message: expect.stringContaining("network 'stoa'"),
    });
    const cut = JSON.stringify({ height: 0, weight: 'A'.repeat(43), instance: 'mainnet01', hashes: {} });
    const impostor = await scripted((_url, response) => response.end(cut));
    await expect(pollCut(impostor)).rejects.toMatchObject({
      code: 'wrong_network',
      message: expect.stringContaining("'mainnet01'"),
    });
  });

  it.each([
    ['no JSON', 'not found'],
    ['no cut', '{"height":1}'],
    [
      'a hash too short',
      '{"height":1,"weight":"' +
        'A'.repeat(43) +
        '","instance":"stoa","hashes":{"0":{"height":1,"hash":"AA"}}}',
    ],
    ['a page of a captive portal', '<!doctype html><title>Sign in</title>'],
  ])('are an error when the answer is %s', async (_name, body) => {
    const deps = await scripted((_url, response) => response.end(body));
    await expect(pollCut(deps)).rejects.toMatchObject({ code: 'cut_malformed' });
  });

  it('are an error, not a wait, when the node hangs or resets', async () => {
    const { deps, network } = await simulated();
    const [node] = network.nodes;
    node!.fault = { kind: 'reset' };
    await expect(pollCut(deps)).rejects.toMatchObject({ code: 'http_reset', retry: true });
    node!.fault = { kind: 'hang' };
    const pending = pollCut(deps).catch((error: unknown) => error);
    await deps.clock.advance(5000);
    expect(await pending).toMatchObject({ code: 'http_timeout', retry: true });
  });
});

describe('a header on request', () => {
  it('comes as the 318 bytes that hash to its name', async () => {
    const { deps } = await simulated();
    const [tip] = (await pollCut(deps)).tips;
    const bytes = await fetchHeader(deps, tip!);
    expect(bytes).toHaveLength(318);
    expect(headerHash(decodeHeader(bytes))).toBe(hashText(tip!.hash));
    expect(decodeHeader(bytes).versionCode).toBe(simulatedNetwork.versionCode);
  });

  it('is named as unknown when the node has it not', async () => {
    const { deps } = await simulated();
    const id = { chain: 3, hash: new Uint8Array(32).fill(7) };
    await expect(fetchHeader(deps, id)).rejects.toMatchObject({ code: 'header_unknown', retry: false });
  });

  it('is refused when it has another size', async () => {
    const deps = await scripted((_url, response) => response.end('short'));
    await expect(fetchHeader(deps, { chain: 0, hash: hashBytes('A'.repeat(43)) })).rejects.toMatchObject({
      code: 'http_malformed',
    });
  });
});

describe('a payload', () => {
  it('comes from the node’s own API, and hashes to what its header names', async () => {
    const { deps } = await simulated();
    const [tip] = (await pollCut(deps)).tips;
    const { chain, height, payloadHash: named } = decodeHeader(await fetchHeader(deps, tip!));
    const { signal } = new AbortController();
    const payload = await fetchPayload(deps, { chain, height, hash: hashBytes(named) }, signal);
    expect(payloadHash(payload)).toBe(named);
    const other = { chain, height, hash: new Uint8Array(32) };
    await expect(fetchPayload(deps, other, signal)).rejects.toMatchObject({ code: 'chainweb_status' });
  });
});

describe('what a node says of itself', () => {
  it('is version, gas limit, peers, fingerprint and skew', async () => {
    const { deps, network } = await simulated();
    network.addNode();
    const server = await serveNode(network.nodes[0]!, { tls: makeCertificate() });
    closers.push(() => server.close());
    const info = await askChainweb({ ...deps, p2pUrl: server.p2pUrl });
    expect(info.service).toMatchObject({ ok: true, value: { version: '2.32.0', chains: 10 } });
    expect(info.service.ok && Math.abs(info.service.value.skewMs ?? Number.NaN)).toBeLessThanOrEqual(500);
    expect(info.p2p).toEqual({
      ok: true,
      value: {
        gasLimitOfBlock: 1_600_000,
        peers: 9,
        tlsFingerprint: expect.stringMatching(/^[\w-]{43}$/),
        tlsValidUntil: expect.toSatisfy((at: number) => at > Date.now()),
        // Seen from loopback, which tells nothing.
        publicAddress: undefined,
      },
    });
  });

  it('shows the skew of a host whose clock is an hour ahead', async () => {
    const { deps } = await simulated();
    deps.clock.skewWall(3_600_000);
    const { service } = await askChainweb(deps);
    expect(service.ok && Math.round((service.value.skewMs ?? 0) / 1000)).toBe(3600);
  });

  it('takes an address of the internet, v4 or v6, from the P2P port', async () => {
    let peer = '203.0.114.7:41822';
    const deps = await scripted((url, response) => {
      response.setHeader('x-peer-addr', peer);
      response.end(url === '/config' ? '{"gasLimitOfBlock":2000000}' : '{"items":[{},{}]}');
    });
    const seen = async () => {
      const { p2p } = await askChainweb(deps);
      return p2p.ok ? p2p.value : p2p.error;
    };
    expect(await seen()).toMatchObject({
      publicAddress: '203.0.114.7',
      peers: 2,
      gasLimitOfBlock: 2_000_000,
    });
    peer = '[2a01:4f8::1]:41822';
    expect(await seen()).toMatchObject({ publicAddress: '2a01:4f8::1' });
  });

  it('comes of one API where the other is down, and fails where both are', async () => {
    const { deps } = await simulated();
    const half = await askChainweb({ ...deps, p2pUrl: 'https://127.0.0.1:1' });
    expect([half.service.ok, half.p2p]).toEqual([
      true,
      { ok: false, error: expect.objectContaining({ code: 'http_refused' }) },
    ]);
    const dead = { ...deps, p2pUrl: 'https://127.0.0.1:1', serviceUrl: 'http://127.0.0.1:1' };
    await expect(askChainweb(dead)).rejects.toMatchObject({ code: 'http_refused' });
  });
});

describe('the collector of tips', () => {
  async function collecting(options: Partial<SimulatorOptions>) {
    const world = await simulated(options);
    const requests: string[] = [];
    const { http } = world.deps;
    const counted = {
      request: (request: Parameters<typeof http.request>[0]) => {
        requests.push(new URL(request.url).pathname.split('/').at(-1) ?? '');
        return http.request(request);
      },
      stream: http.stream,
    };
    const deps = { ...world.deps, http: counted, random: middle, pollMs: 10_000 };
    const log = createLog({ clock: deps.clock, level: 'error', write: expect.unreachable });
    const set = new CollectorSet<{ cut: Cut }>({ cut: cutCollector(deps) }, { ...deps, log });
    closers.push(() => set.stop());
    const polls = () => requests.filter((name) => name === 'cut').length;
    set.start();
    await soon(() => expect(set.reading('cut').value).toBeDefined());
    return { ...world, set, polls, clock: deps.clock };
  }

  it('polls a node that streams no headers', async () => {
    const { set, polls, clock, chainClock, network } = await collecting({ headerStream: false });
    for (let turn = 2; turn <= 4; turn += 1) {
      chainClock.advance(30_000);
      await clock.advance(10_100);
      await soon(() => expect(polls()).toBe(turn));
      const truth = network.nodes[0]!.cut().tips;
      await soon(() => expect(asText(set.reading('cut').value!)).toEqual(truth));
    }
  });

  it('follows one that does, and polls seldom', async () => {
    const { set, polls, clock, chainClock, network } = await collecting({ headerStream: true });
    await soon(() => expect(polls()).toBeGreaterThanOrEqual(1));
    const before = polls();
    chainClock.advance(60_000);
    const truth = () => network.nodes[0]!.cut();
    await soon(() => {
      expect(asText(set.reading('cut').value!)).toEqual(truth().tips);
      expect(set.reading('cut').value).toMatchObject({ source: 'stream', height: truth().height });
    });
    await clock.advance(50_000);
    expect(polls()).toBe(before);
    await clock.advance(15_000);
    await soon(() => expect(polls()).toBe(before + 1));
  });
});

describe('a stream of headers that ends', () => {
  const hash = (letter: string): string => `${letter.repeat(42)}A`;
  const event = (chainId: number, height: number, letter: string): string =>
    `event:BlockHeader\ndata:${JSON.stringify({ header: { chainId, height, hash: hash(letter) } })}\n\n`;

  async function streaming() {
    const streams: ServerResponse[] = [];
    let polls = 0;
    const cut = {
      height: 20,
      weight: 'A'.repeat(43),
      instance: 'stoa',
      hashes: { 0: { height: 10, hash: hash('A') }, 1: { height: 10, hash: hash('B') } },
    };
    const deps = await scripted((url, response) => {
      if (url.endsWith('/cut')) {
        polls += 1;
        response.end(JSON.stringify(cut));
      } else {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
        streams.push(response);
      }
    });
    const log = createLog({ clock: deps.clock, level: 'error', write: expect.unreachable });
    const collector = cutCollector({ ...deps, random: middle, pollMs: 10_000 });
    const set = new CollectorSet<{ cut: Cut }>({ cut: collector }, { ...deps, random: middle, log });
    closers.push(() => set.stop());
    set.start();
    await soon(() => expect([streams.length, set.reading('cut').value?.height]).toEqual([1, 20]));
    const tips = () =>
      set.reading('cut').value?.tips.map(({ height, hash: bytes }) => [height, hashText(bytes)[0]]);
    return { set, tips, streams, polls: () => polls, clock: deps.clock };
  }

  it('takes the newest header of a chain for its tip, after a reorganisation too', async () => {
    const { streams, tips } = await streaming();
    streams[0]?.write(event(0, 11, 'C') + event(1, 11, 'D'));
    await soon(() =>
      expect(tips()).toEqual([
        [11, 'C'],
        [11, 'D'],
      ]),
    );
    streams[0]?.write(event(0, 10, 'E') + event(7, 5, 'F'));
    await soon(() =>
      expect(tips()).toEqual([
        [10, 'E'],
        [11, 'D'],
      ]),
    );
  });

  it('is followed by a poll at once, and is opened again', async () => {
    const { streams, polls, clock, tips } = await streaming();
    streams[0]?.write(event(0, 11, 'C'));
    await soon(() => expect(tips()?.[0]).toEqual([11, 'C']));
    const before = polls();
    streams[0]?.destroy();
    await soon(() => expect(polls()).toBeGreaterThan(before));
    await clock.advance(21_000);
    await soon(() => expect(streams).toHaveLength(2));
  });

  it('by silence, or by nonsense, is given up', async () => {
    const { streams, clock } = await streaming();
    const closed = new Promise((resolve) => streams[0]?.once('close', resolve));
    await clock.advance(121_000);
    await closed;
    await clock.advance(21_000);
    await soon(() => expect(streams).toHaveLength(2));
    const nonsense = new Promise((resolve) => streams[1]?.once('close', resolve));
    streams[1]?.write('event:BlockHeader\ndata:{"header":[]}\n\n');
    await expect(nonsense).resolves.toBeUndefined();
  });

  it('closes with the set', async () => {
    const { streams, set, clock } = await streaming();
    const closed = new Promise((resolve) => streams[0]?.once('close', resolve));
    set.stop();
    await expect(closed).resolves.toBeUndefined();
    await soon(() => expect(clock.pending).toBe(0));
  });
});
