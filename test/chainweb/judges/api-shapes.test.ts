import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { signCommand, signTransfer } from '../pact/drafting.ts';
import { key, poll, post, send, worldOf } from '../pact/kit.ts';

/*
 * Forms of chainweb's API as its OpenAPI documents and examples of live nodes give them (no package of npm carries the
 * documents), with what nodes do otherwise: `header`, not `blockHeader`, in pages of blocks; ttl up to 172,800; ten chains.
 * Every form is strict: a field that is not in them fails as one that is missing does.
 */
const hash = z.string().regex(/^[\w-]{43}$/);
const base64url = z.string().regex(/^[\w-]+$/);
const micros = z.int().min(1_400_000_000_000_000);
const chainIds = z.enum(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);

const cut = z.strictObject({
  origin: z.null(),
  height: z.int(),
  weight: hash,
  hashes: z.record(chainIds, z.strictObject({ height: z.int(), hash })),
  id: hash,
  instance: z.literal('simulated'),
});

const header = z.strictObject({
  ...{ creationTime: micros, parent: hash, height: z.int(), hash, chainId: z.int().max(9), weight: hash },
  ...{ featureFlags: z.literal(0), epochStart: micros, payloadHash: hash, target: hash },
  adjacents: z.partialRecord(chainIds, hash),
  chainwebVersion: z.literal('simulated'),
  nonce: z.string().regex(/^\d+$/),
});

const page = <T extends z.ZodType>(item: T) =>
  z.strictObject({
    limit: z.int(),
    items: z.array(item),
    next: z
      .string()
      .regex(/^(inclusive|exclusive):[\w-]{43}$/)
      .nullable(),
  });

const graph = z.array(z.tuple([z.int(), z.array(z.tuple([z.int(), z.array(z.int()).length(3)])).length(10)]));
const info = z.strictObject({
  nodeApiVersion: z.literal('0.0'),
  nodeBlockDelay: z.int(),
  nodeChains: z.array(chainIds).length(10),
  nodeGenesisHeights: z.array(z.tuple([chainIds, z.int()])).length(10),
  nodeGraphHistory: graph,
  nodeHistoricalChains: graph,
  nodeLatestBehaviorHeight: z.int(),
  nodeNumberOfChains: z.literal(10),
  nodePackageVersion: z.string(),
  nodeVersion: z.literal('simulated'),
});

const payload = {
  ...{ minerData: base64url, transactionsHash: hash, outputsHash: hash, payloadHash: hash },
};
const payloadPlain = z.strictObject({ ...payload, transactions: z.array(base64url) });
const payloadOutputs = z.strictObject({
  ...{ ...payload, coinbase: base64url },
  transactions: z.array(z.tuple([base64url, base64url])),
});

const result = z.union([
  z.strictObject({ status: z.literal('success'), data: z.unknown() }),
  z.strictObject({
    status: z.literal('failure'),
    error: z.strictObject({
      ...{ callStack: z.array(z.string()), type: z.string(), message: z.string(), info: z.string() },
    }),
  }),
]);
const event = z.strictObject({
  name: z.string(),
  params: z.array(z.unknown()),
  module: z.strictObject({ namespace: z.string().nullable(), name: z.string() }),
  moduleHash: hash,
});
const command = <T extends z.ZodType>(metaData: T) =>
  z.strictObject({
    ...{ gas: z.int(), result, reqKey: hash, logs: hash, events: z.array(event), metaData },
    continuation: z.looseObject({ pactId: hash, step: z.int(), stepCount: z.int() }).nullable(),
    txId: z.int().nullable(),
  });
const mined = command(
  z.strictObject({ blockHeight: z.int(), blockTime: micros, blockHash: hash, prevBlockHash: hash }),
);
const looked = command(z.looseObject({ blockHeight: z.int(), blockTime: micros, prevBlockHash: hash }));

const [alice, bob] = [key(1), key(2)];
const world = worldOf([alice], { proven: true, history: 8 });
const good = signTransfer(world, { key: alice, to: bob, amount: '1.0' });
const bad = signCommand(world, { key: alice, code: '(coin.fail)' });
await send(world, [good, bad]);
world.advance(180_000);

const BASE = '/chainweb/0.0/simulated';
async function get(
  path: string,
  init: { accept?: string; body?: unknown; port?: 'p2p' } = {},
): Promise<unknown> {
  const [node] = world.nodes;
  const { accept = 'application/json', body, port } = init;
  const answer = await world.fetch((port === 'p2p' ? node!.p2pUrl : node!.serviceUrl) + path, {
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
    headers: { accept },
  });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toContain('application/json');
  return answer.json();
}

const OBJECT = 'application/json;blockheader-encoding=object';
const head = world.nodes[0]!.head(0).header;
const payloadHash = async (): Promise<string> => {
  const { metaData } = (await poll(world, good))!;
  return world.network.main.at(0, metaData!.blockHeight).header.payloadHash;
};

describe('answers have the forms of the chainweb API', () => {
  it.each<[string, z.ZodType, () => Promise<unknown>]>([
    ['cut', cut, () => get(`${BASE}/cut`)],
    ['cut over P2P', cut, () => get(`${BASE}/cut`, { port: 'p2p' })],
    ['info', info, () => get('/info')],
    ['header', header, () => get(`${BASE}/chain/0/header/${head.hash}`, { accept: OBJECT })],
    ['header as text', base64url.length(424), () => get(`${BASE}/chain/0/header/${head.hash}`)],
    ['hashes', page(hash), () => get(`${BASE}/chain/0/hash`)],
    ['headers', page(header), () => get(`${BASE}/chain/0/header`, { accept: OBJECT })],
    [
      'branch',
      page(base64url),
      () => get(`${BASE}/chain/0/header/branch`, { body: { lower: [], upper: [head.hash] } }),
    ],
    ['payload', payloadPlain, async () => get(`${BASE}/chain/0/payload/${await payloadHash()}`)],
    [
      'payload and outputs',
      payloadOutputs,
      async () => get(`${BASE}/chain/0/payload/${await payloadHash()}/outputs`),
    ],
    [
      'payloads and outputs',
      z.array(payloadOutputs).length(1),
      async () => get(`${BASE}/chain/0/payload/outputs/batch`, { body: [await payloadHash()] }),
    ],
    [
      'send',
      z.strictObject({ requestKeys: z.array(hash).length(1) }),
      async () => (await send(world, [signTransfer(world, { key: alice, to: bob, amount: '2.0' })])).json,
    ],
    [
      'poll',
      z.strictObject({ [good.hash]: mined, [bad.hash]: mined }),
      async () => (await post(world, { path: 'api/v1/poll' }, { requestKeys: [good.hash, bad.hash] })).json,
    ],
    ['listen', mined, async () => (await post(world, { path: 'api/v1/listen' }, { listen: good.hash })).json],
    ['local', looked, async () => (await post(world, { path: 'api/v1/local?preflight=false' }, good)).json],
    [
      'preflight',
      z.strictObject({ preflightResult: looked, preflightWarnings: z.array(z.string()) }),
      async () => (await post(world, { path: 'api/v1/local?preflight=true' }, good)).json,
    ],
    [
      'spv',
      base64url,
      async () => (await post(world, { path: 'spv' }, { requestKey: good.hash, targetChainId: '5' })).json,
    ],
    [
      'config',
      z.looseObject({ gasLimitOfBlock: z.int(), chainwebVersion: z.string() }),
      () => get('/config', { port: 'p2p' }),
    ],
    [
      'pending',
      z.strictObject({ hashes: z.array(hash), highwaterMark: z.tuple([z.int(), z.int()]) }),
      () => get(`${BASE}/chain/0/mempool/getPending`, { port: 'p2p', body: [] }),
    ],
  ])('%s', async (_name, form, answer) => {
    expect(form.safeParse(await answer()).error?.issues).toBeUndefined();
  });
});

it('payloads hold what was signed and what came of it', async () => {
  const { transactions } = payloadOutputs.parse(
    await get(`${BASE}/chain/0/payload/${await payloadHash()}/outputs`),
  );
  const texts = transactions.flat().map((each) => Buffer.from(each, 'base64url').toString());
  const all = texts.map((each) => JSON.parse(each) as { hash?: string; reqKey?: string });
  expect(all.find((each) => each.hash === good.hash)).toEqual(good);
  expect(all.find((each) => each.reqKey === good.hash)).toMatchObject({ result: { status: 'success' } });
});
