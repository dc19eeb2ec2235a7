import { Corroboration, ReferencePoller, type Reporter, VerifiedSet } from '@stoa/hub/tips';
import { encodeHeader } from '@stoa/protocol/chainweb';
import { describe, expect, it } from 'vitest';
import {
  createNetwork,
  ManualClock,
  networkFetch,
  type SimulatedNetwork,
  type SimulatedNode,
} from '../chainweb/index.ts';

const MINUTE = 60_000;
const reference: Reporter = { nodeId: 'reference', ownerId: 'hub', network: 'hub', reference: true };

interface World {
  clock: ManualClock;
  network: SimulatedNetwork;
  node: SimulatedNode;
  set: VerifiedSet;
  corroboration: Corroboration;
  poller: ReferencePoller;
  requests: () => number;
}

function start(
  options: { port?: 'service' | 'p2p'; checkpointDepth?: number; orphanRate?: number } = {},
): World {
  const clock = new ManualClock();
  const { checkpointDepth = 100, orphanRate = 0.05 } = options;
  const network = createNetwork({ seed: 11, clock, history: 130, checkpointDepth, orphanRate });
  const node = network.addNode({ propagationMs: 0 });
  const set = new VerifiedSet({ checkpoint: network.checkpoint, clock });
  const corroboration = new Corroboration({ set });
  const nodes = networkFetch(network);
  let requests = 0;
  const poller = new ReferencePoller({
    url: options.port === 'p2p' ? node.p2pUrl : node.serviceUrl,
    set,
    corroboration,
    reporter: reference,
    fetch: (url, init) => {
      requests += 1;
      return nodes(url, init);
    },
  });
  return { clock, network, node, set, corroboration, poller, requests: () => requests };
}

const tipsOf = (world: World): string[] => world.node.cut().tips.map((tip) => tip.hash);
const headsOf = (world: World): string[] => world.set.heads().map((header) => header.hash);

describe('the reference poller', () => {
  it('catches up from the checkpoint, in a few requests, and corroborates', async () => {
    const world = start({ orphanRate: 0 });
    await world.poller.tick();
    expect(headsOf(world)).toEqual(tipsOf(world));
    expect(world.corroboration.heads()).toEqual(world.set.heads());
    expect(world.set.stats.verified).toBeGreaterThan(900);
    expect(world.requests()).toBe(1 + 2 * 10);
    await world.poller.tick();
    expect(world.requests()).toBe(1 + 2 * 10 + 1);
  });

  it('follows the node, over the P2P port as well', async () => {
    const world = start({ port: 'p2p', checkpointDepth: 50 });
    for (let step = 0; step < 40; step += 1) {
      await world.poller.tick();
      for (const tip of world.node.cut().tips) {
        expect(world.set.get(tip.hash)?.height).toBe(tip.height);
        expect(world.set.lag([tip])[0]?.lag).toBeLessThanOrEqual(1);
      }
      world.clock.advance(15_000);
    }
    expect(world.set.reporters.offenders()).toEqual([]);
  });

  it('follows a reorganisation', async () => {
    const world = start();
    await world.poller.tick();
    const before = world.set.head(0);
    world.network.reorganise(8);
    await world.poller.tick();
    expect(headsOf(world)).toEqual(tipsOf(world));
    expect(world.set.onCanonical(before.hash)).toBe(false);
    expect(world.set.lag([{ chain: 0, hash: before.hash }])[0]).toMatchObject({ state: 'forked' });
    expect(world.corroboration.heads()).toEqual(world.set.heads());
  });

  it('is not dragged back by a node that lags', async () => {
    const world = start({ orphanRate: 0 });
    await world.poller.tick();
    const heads = headsOf(world);
    world.node.lag({ blocks: 20 });
    await world.poller.tick();
    expect(headsOf(world)).toEqual(heads);
  });

  it('says what is wrong with its node, and goes on once that is over', async () => {
    const world = start();
    world.node.fault = { kind: 'status', status: 503 };
    await expect(world.poller.tick()).rejects.toMatchObject({ code: 'reference_unreachable', retry: true });
    world.node.fault = { kind: 'reset' };
    await expect(world.poller.tick()).rejects.toMatchObject({ code: 'reference_unreachable' });
    world.node.fault = { kind: 'truncate', bytes: 99 };
    await expect(world.poller.tick()).rejects.toMatchObject({ code: 'reference_misfit' });
    world.node.fault = undefined;
    await world.poller.tick();
    expect(world.set.height(0)).toBeGreaterThan(100);
  });

  it('joins a tick that is under way', async () => {
    const world = start({ checkpointDepth: 20 });
    await Promise.all([world.poller.tick(), world.poller.tick()]);
    expect(world.requests()).toBe(1 + 10);
  });
});

describe('agents without a reference node', () => {
  it('carry the head forward by header requests, and corroborate it by their number', async () => {
    const world = start({ checkpointDepth: 10, orphanRate: 0 });
    const agents = Array.from({ length: 40 }, (_, each) => ({
      nodeId: `n${each}`,
      ownerId: `o${each % 5}`,
      network: `x${each % 2}`,
      reference: false,
    }));
    // The hub asks for what is missing, from the node that reported the tip, one frame of eight headers at a time.
    for (const agent of agents) {
      for (let round = 0; round < 4; round += 1) {
        const wanted = world.node.cut().tips.flatMap((tip) => world.set.missing(tip.hash, tip.chain));
        for (const { hash } of wanted.slice(0, 8)) {
          const block = world.node.find(hash);
          if (block !== undefined) world.set.offer(encodeHeader(block.header), agent);
        }
      }
      world.corroboration.report(agent, world.node.cut().tips);
    }
    expect(headsOf(world)).toEqual(tipsOf(world));
    expect(world.corroboration.heads()).toEqual(world.set.heads());
    world.clock.advance(MINUTE);
    expect(world.set.lag(world.node.cut().tips).some(({ state }) => state === 'unknown')).toBe(true);
  });
});
