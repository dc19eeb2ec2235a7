import { blake2b } from '@noble/hashes/blake2.js';
import { toBase64Url, utf8 } from '@stoa/protocol';
import {
  decodeCut,
  decodeHeader,
  decodeHeaderObject,
  decodeHeaderText,
  encodeHeader,
} from '@stoa/protocol/chainweb';
import { describe, expect, it } from 'vitest';
import { createNetwork, ManualClock, type NodeRequest, type NodeResponse, networkFetch } from './index.ts';

const clock = new ManualClock();
const network = createNetwork({ seed: 3, clock, history: 60, orphanRate: 0.1 });
const node = network.addNode({ propagationMs: 0 });
network.addNode();
const BASE = '/chainweb/0.0/simulated';
const OBJECT = { accept: 'application/json;blockheader-encoding=object' };

function ask(path: string, request: Partial<NodeRequest> = {}): NodeResponse {
  return node.handle({ port: 'service', method: 'GET', path, ...request });
}

const text = (response: NodeResponse): string => String(response.body);

interface Page {
  limit: number;
  items: string[];
  next: string | null;
}

function pageOf(response: NodeResponse): Page {
  expect(response.status).toBe(200);
  return JSON.parse(text(response)) as Page;
}

function branch(query: string, bounds: unknown, request: Partial<NodeRequest> = {}): NodeResponse {
  return ask(`${BASE}/chain/3/header/branch${query}`, {
    method: 'POST',
    body: JSON.stringify(bounds),
    ...request,
  });
}

const tip = node.cut().tips[3]!;

describe('local reads of accounts', () => {
  const keyset = { pred: 'keys-any', keys: ['ab'.repeat(32)] };
  const local = (code: string, { chainId = '3', hash }: { chainId?: string; hash?: string } = {}) => {
    const payload = { exec: { code, data: { account: 'k:known' } } };
    const cmd = JSON.stringify({
      networkId: 'simulated',
      payload,
      meta: { chainId },
      signers: [],
      nonce: '',
    });
    const body = JSON.stringify({
      cmd,
      hash: hash ?? toBase64Url(blake2b(utf8(cmd), { dkLen: 32 })),
      sigs: [],
    });
    const path = `${BASE}/chain/3/pact/api/v1/local?preflight=false&signatureVerification=false`;
    return ask(path, { method: 'POST', body });
  };
  const resultOf = (response: NodeResponse) => (JSON.parse(text(response)) as { result: unknown }).result;

  it('tell the guard of a coin account, and of the one function that was set', () => {
    network.accounts.open('k:known', keyset, 12.5);
    network.accounts.answer('free.dalos.guard', 'k:known', keyset);
    expect(resultOf(local('(coin.details (read-msg "account"))'))).toEqual({
      status: 'success',
      data: { account: 'k:known', guard: keyset, balance: 12.5 },
    });
    expect(resultOf(local('(free.dalos.guard "k:known")'))).toEqual({ status: 'success', data: keyset });
  });

  it.each([
    ['(coin.details "k:unknown")', /No value found in table coin_coin-table for key: k:unknown/],
    ['(free.other.guard "k:known")', /Module free\.other not found/],
    ['(coin.burn "a")', /Cannot resolve coin.burn/],
  ])('%s fails as on a chain', (code, message) => {
    expect(resultOf(local(code))).toMatchObject({
      status: 'failure',
      error: { message: expect.stringMatching(message) },
    });
  });

  it('are refused with another hash, for another chain, and without a command', () => {
    expect(local('(coin.details "k:known")', { hash: 'A'.repeat(43) }).status).toBe(400);
    expect(local('(coin.details "k:known")', { chainId: '4' }).status).toBe(400);
    expect(ask(`${BASE}/chain/3/pact/api/v1/local`, { method: 'POST', body: '{' }).status).toBe(400);
  });
});

describe('both ports', () => {
  it('serve the cut: tips, sum of heights, weight', () => {
    for (const port of ['service', 'p2p'] as const) {
      const response = ask(`${BASE}/cut`, { port });
      const cut = decodeCut(text(response));
      expect(response.headers['content-type']).toBe('application/json;charset=utf-8');
      expect(cut.tips).toHaveLength(10);
      expect(cut.height).toBe(cut.tips.reduce((sum, each) => sum + each.height, 0));
      expect(cut).toMatchObject({ instance: 'simulated', tips: node.cut().tips });
    }
  });

  it('limit the cut by height', () => {
    const cut = decodeCut(text(ask(`${BASE}/cut?maxheight=40`)));
    expect(cut.tips.map((each) => each.height)).toEqual(Array(10).fill(40));
  });

  it('tell their time and version', () => {
    const seconds = String(Math.floor(clock.now() / 1_000));
    expect(ask('/info').headers).toMatchObject({
      'x-server-timestamp': seconds,
      'x-chainweb-node-version': '2.32.0',
    });
    const far = network.addNode({ clockSkewMs: -3_600_000 });
    const skewed = far.handle({ port: 'p2p', method: 'GET', path: `${BASE}/cut` });
    expect(skewed.headers['x-server-timestamp']).toBe(String(Number(seconds) - 3_600));
  });

  it('know no other network, chain or path', () => {
    for (const path of [
      '/',
      '/chainweb/0.0/mainnet01/cut',
      `${BASE}/chain/10/header`,
      `${BASE}/chain/x/header`,
    ]) {
      expect(ask(path)).toMatchObject({ status: 404, body: '' });
      expect(ask(path, { port: 'p2p' })).toMatchObject({ status: 404, body: '' });
    }
  });

  it('refuse a body above 2 MiB', () => {
    const response = branch('', { upper: [tip.hash], lower: ['x'.repeat(2 ** 21)] });
    expect(response.status).toBe(413);
    expect(response.headers['content-type']).toContain('text/plain');
  });
});

describe('what only one port serves', () => {
  it('service: info and health', () => {
    const info: unknown = JSON.parse(text(ask('/info')));
    expect(info).toMatchObject({
      nodeNumberOfChains: 10,
      nodeVersion: 'simulated',
      nodeBlockDelay: 30_000_000,
    });
    expect(ask('/health-check')).toMatchObject({ status: 200, body: 'Health check OK.\n' });
    node.draining = true;
    expect(ask('/health-check')).toMatchObject({
      status: 503,
      body: 'Failed health check due to service drain.\n',
    });
    node.draining = false;
    expect(ask('/info').headers['access-control-allow-origin']).toBe('*');
    expect(ask('/config').status).toBe(404);
    expect(ask(`${BASE}/cut/peer`).status).toBe(404);
    expect(ask(`${BASE}/cut`, { method: 'PUT' }).status).toBe(405);
  });

  it('P2P: config, peers, the address of the caller, and cuts by PUT', () => {
    const p2p = { port: 'p2p', peer: '203.0.113.9:4711' } as const;
    expect(JSON.parse(text(ask('/config', p2p)))).toMatchObject({ gasLimitOfBlock: 1_600_000 });
    expect(ask('/config', p2p).headers['x-peer-addr']).toBe('203.0.113.9:4711');
    expect(JSON.parse(text(ask(`${BASE}/cut/peer`, p2p)))).toMatchObject({
      items: [{ address: { hostname: 'node-1.simulated', port: 1789 } }, {}],
      next: null,
    });
    const body = text(ask(`${BASE}/cut`, p2p));
    expect(ask(`${BASE}/cut`, { ...p2p, method: 'PUT', body }).status).toBe(204);
    expect(ask(`${BASE}/cut`, { ...p2p, method: 'PUT', body: '{' }).status).toBe(400);
    expect(ask('/info', p2p).status).toBe(404);
    expect(ask('/health-check', p2p).status).toBe(404);
    expect(ask(`${BASE}/chain/3/hash`, p2p).status).toBe(404);
  });
});

describe('a header', () => {
  const path = `${BASE}/chain/3/header/${tip.hash}`;

  it('comes in three encodings', () => {
    const binary = ask(path, { headers: { accept: 'application/octet-stream' } });
    const header = decodeHeader(binary.body as Uint8Array);
    expect(header.hash).toBe(tip.hash);
    expect(decodeHeaderText(JSON.parse(text(ask(path))) as string)).toEqual(header);
    expect(decodeHeaderObject(text(ask(path, { headers: OBJECT })), network.network)).toEqual(header);
    expect(ask(path, { headers: { accept: 'text/html' } }).status).toBe(406);
    expect(ask(path, { headers: OBJECT, port: 'p2p' }).status).toBe(406);
    expect(ask(path, { headers: { accept: 'application/octet-stream' }, port: 'p2p' }).body).toEqual(
      encodeHeader(header),
    );
  });

  it('is not found before the node heard of it, nor ever if there is none', () => {
    const key = Buffer.alloc(32).toString('base64url');
    const answer = ask(`${BASE}/chain/3/header/${key}`);
    expect(answer.status).toBe(404);
    expect(JSON.parse(text(answer))).toEqual({ key, reason: 'key not found' });
    const late = network.addNode({ propagationMs: 3_600_000 });
    expect(late.handle({ port: 'service', method: 'GET', path }).status).toBe(404);
  });
});

describe('pages upwards', () => {
  it('hold orphans too, and go on for ever', () => {
    let [next, all]: [string | null, string[]] = [null, []];
    for (let page = 0; page < 12; page += 1) {
      const cursor: string = next === null ? '' : `&next=${next}`;
      const part = pageOf(ask(`${BASE}/chain/3/hash?limit=20${cursor}`));
      all = [...all, ...part.items];
      next = part.next;
    }
    expect(next).toBe(`exclusive:${all.at(-1)}`);
    const heights = all.map((hash) => network.header(hash)!.height);
    expect(heights).toEqual(heights.toSorted((a, b) => a - b));
    expect(new Set(all).size).toBe(all.length);
    expect(all.length).toBeGreaterThan(tip.height + 1);
  });

  it('are bounded by height and size', () => {
    const items = pageOf(ask(`${BASE}/chain/3/header?minheight=10&maxheight=12`)).items.map(decodeHeaderText);
    expect(new Set(items.map((header) => header.height))).toEqual(new Set([10, 11, 12]));
    expect(pageOf(ask(`${BASE}/chain/3/header?limit=999`, { port: 'p2p' })).items).toHaveLength(20);
  });
});

describe('branches', () => {
  it('go down from the upper blocks to the genesis', () => {
    const page = pageOf(branch('?limit=2', { upper: [tip.hash], lower: [] }));
    const [first, second] = page.items.map(decodeHeaderText);
    expect(page.limit).toBe(2);
    expect(first?.hash).toBe(tip.hash);
    expect(second?.hash).toBe(first?.parent);
    expect(page.next).toBe(`inclusive:${second?.parent}`);
    const rest = pageOf(branch(`?next=${page.next}`, { upper: [tip.hash], lower: [] }));
    expect(rest.items).toHaveLength(tip.height - 1);
    expect(rest.next).toBeNull();
    expect(decodeHeaderText(rest.items.at(-1)!).height).toBe(0);
  });

  it('stop at the past of the lower blocks', () => {
    const lower = network.main.at(3, tip.height - 4).header.hash;
    expect(pageOf(branch('', { upper: [tip.hash], lower: [lower] })).items).toHaveLength(4);
    expect(pageOf(branch('', { upper: [tip.hash], lower: [tip.hash] })).items).toHaveLength(0);
    const unknown = Buffer.alloc(32).toString('base64url');
    expect(pageOf(branch('?minheight=50', { upper: [tip.hash], lower: [unknown] })).items).toHaveLength(
      tip.height - 49,
    );
  });

  it('are bounded', () => {
    const unknown = Buffer.alloc(32).toString('base64url');
    expect(branch('', { upper: [unknown], lower: [] }).status).toBe(404);
    expect(branch('', { upper: [unknown] }).status).toBe(400);
    expect(branch('', { upper: Array(33).fill(tip.hash), lower: [] }).status).toBe(400);
    expect(branch('', { upper: Array(5).fill(tip.hash), lower: [] }, { port: 'p2p' }).status).toBe(400);
    expect(ask(`${BASE}/chain/3/header/branch`).status).toBe(405);
    expect(pageOf(branch('', { upper: [tip.hash], lower: [] }, { port: 'p2p' })).items).toHaveLength(20);
  });
});

describe('faults', () => {
  const fetch = networkFetch(network);
  const url = `${node.serviceUrl}${BASE}/cut`;

  it('reach clients as a network would bring them', async () => {
    expect((await fetch(url)).status).toBe(200);
    node.fault = { kind: 'status', status: 502 };
    expect((await fetch(url)).status).toBe(502);
    node.fault = { kind: 'truncate', bytes: 40 };
    await expect((await fetch(url)).json()).rejects.toThrow(SyntaxError);
    node.fault = { kind: 'reset' };
    await expect(fetch(url)).rejects.toThrow('fetch failed');
    node.fault = { kind: 'hang' };
    const deadline = new AbortController();
    const hanging = fetch(url, { signal: deadline.signal });
    deadline.abort(new Error('too slow'));
    await expect(hanging).rejects.toThrow('too slow');
    node.fault = undefined;
    await expect(fetch('http://elsewhere.example/')).rejects.toThrow('fetch failed');
  });
});
