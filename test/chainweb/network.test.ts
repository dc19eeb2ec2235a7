import { type Header, MAX_UINT256, simulatedNetwork, validateHeader, workOf } from '@stoa/protocol/chainweb';
import { describe, expect, it } from 'vitest';
import { createNetwork, ManualClock, type SimulatedNetwork } from './index.ts';

const MINUTE = 60_000;
const chains = [...simulatedNetwork.graph.keys()];

function start(options: { seed?: number; history?: number; orphanRate?: number } = {}): {
  clock: ManualClock;
  network: SimulatedNetwork;
} {
  const clock = new ManualClock();
  return { clock, network: createNetwork({ seed: 7, clock, ...options }) };
}

const heights = (network: SimulatedNetwork): number[] => chains.map((chain) => network.main.end(chain) - 1);

/** Every block of every branch, orphans included. */
function headers(network: SimulatedNetwork): Header[] {
  return chains.flatMap((chain) => {
    const levels = Array.from({ length: network.blocks.end(chain) }, (_, height) => height);
    return levels.flatMap((height) => network.blocks.at(chain, height).map((block) => block.header));
  });
}

function verdictOf(network: SimulatedNetwork, header: Header): unknown {
  const lookUp = (hash: string): Header => network.header(hash)!;
  const adjacents = header.adjacents.map(({ chain, hash }): [number, Header] => [chain, lookUp(hash)]);
  return validateHeader(header, {
    network: network.network,
    parent: lookUp(header.parent),
    adjacentParents: new Map(adjacents),
    now: BigInt(network.clock.now()) * 1_000n,
  });
}

describe('a simulated network', () => {
  it('mines headers that are valid by the whole rule, on forks and orphans too', () => {
    const { clock, network } = start({ orphanRate: 0.1 });
    network.fork({ depth: 15, speed: 0.5 });
    clock.advance(30 * MINUTE);
    network.sync();
    const mined = headers(network).filter((header) => header.height > 0);
    expect(mined.length).toBeGreaterThan(2_000);
    for (const header of mined) {
      expect(verdictOf(network, header)).toEqual({ valid: true });
    }
  });

  it('keeps the pace that the rule aims at, far below the easiest target', () => {
    const { network } = start({ history: 400 });
    for (const height of heights(network)) {
      expect(height).toBeGreaterThan(370);
      expect(height).toBeLessThan(430);
    }
    const { target } = network.main.tip(0).header;
    expect(target).toBeLessThan(MAX_UINT256 / 20n);
    expect(network.main.tip(0).header.weight).toBeGreaterThan(workOf(target) * 200n);
  });

  it('depends on its seed alone, not on the steps of the clock', () => {
    const [whole, steps, other] = [start(), start(), start({ seed: 8 })];
    whole.clock.advance(10 * MINUTE);
    other.clock.advance(10 * MINUTE);
    for (let step = 0; step < 60; step += 1) {
      steps.clock.advance(10_000);
      steps.network.sync();
    }
    const tips = ({ network }: { network: SimulatedNetwork }): string[] => {
      network.sync();
      return chains.map((chain) => network.main.tip(chain).header.hash);
    };
    expect(tips(steps)).toEqual(tips(whole));
    expect(tips(other)).not.toEqual(tips(whole));
  });

  it('pins a checkpoint in its past', () => {
    const { network } = start();
    const [first] = network.checkpoint.headers;
    expect(network.checkpoint.headers).toHaveLength(10);
    expect(first?.height).toBe(Math.min(...heights(network)) - 30);
  });

  it('stalls as a braid does: neighbours first, all within the diameter, and recovers', () => {
    const { clock, network } = start();
    const before = heights(network);
    network.stall(0);
    clock.advance(30 * MINUTE);
    network.sync();
    const stalled = heights(network);
    expect(stalled[0]).toBe(before[0]);
    for (const chain of chains) {
      expect(stalled[chain]! - stalled[0]!).toBeLessThanOrEqual(
        simulatedNetwork.graph[0]!.includes(chain) ? 1 : 2,
      );
    }
    network.resume(0);
    clock.advance(30 * MINUTE);
    network.sync();
    expect(Math.min(...heights(network))).toBeGreaterThan(before[0]! + 20);
  });

  it('reorganises to a heavier branch, which orphans the last blocks of every chain', () => {
    const { network } = start();
    const node = network.addNode({ propagationMs: 0 });
    const before = node.cut();
    const old = network.main;
    const branch = network.reorganise(5);
    const after = node.cut();
    expect(after.weight).toBeGreaterThan(before.weight);
    for (const { chain, hash } of before.tips) {
      const orphan = network.blocks.get(hash)!;
      expect(branch.has(orphan)).toBe(false);
      expect(node.knows(orphan)).toBe(true);
      expect(branch.at(chain, orphan.header.height - 8)).toBe(old.at(chain, orphan.header.height - 8));
    }
  });
});

describe('nodes', () => {
  it('hear of a block after it was found', () => {
    const { clock, network } = start({ orphanRate: 0 });
    const [near, far] = [
      network.addNode({ propagationMs: 0 }),
      network.addNode({ propagationMs: 5 * MINUTE }),
    ];
    expect(near.cut().height - far.cut().height).toBeGreaterThan(50);
    const now = near.cut();
    clock.advance(5 * MINUTE);
    expect(far.cut().height).toBe(now.height);
  });

  it('lag by blocks, freeze and thaw', () => {
    const { clock, network } = start({ orphanRate: 0 });
    const [node, stuck] = [network.addNode(), network.addNode()];
    const top = Math.max(...node.cut().tips.map((tip) => tip.height));
    node.lag({ blocks: 7 });
    expect(Math.max(...node.cut().tips.map((tip) => tip.height))).toBe(top - 7);
    stuck.freeze();
    const frozen = stuck.cut();
    clock.advance(10 * MINUTE);
    network.sync();
    expect(stuck.cut()).toEqual(frozen);
    stuck.thaw();
    expect(stuck.cut().height).toBeGreaterThan(frozen.height + 100);
  });

  it('disagree while they follow different branches, and agree once the network heals', () => {
    const { clock, network } = start({ orphanRate: 0 });
    const [a, b] = [network.addNode(), network.addNode()];
    const fork = network.fork({ depth: 6, speed: 0.9 });
    b.follow(fork);
    clock.advance(5 * MINUTE);
    network.sync();
    const [ours, theirs] = [a.cut(), b.cut()];
    expect(ours.tips.map((tip) => tip.hash)).not.toEqual(theirs.tips.map((tip) => tip.hash));
    expect(a.find(theirs.tips[0]!.hash)).toBeUndefined();
    expect(b.find(ours.tips[0]!.hash)).toBeUndefined();
    network.heal();
    expect(b.cut()).toEqual(a.cut());
    expect(b.find(theirs.tips[0]!.hash)).toBeDefined();
  });

  it('stand briefly on different siblings', () => {
    const { clock, network } = start({ orphanRate: 0.3 });
    const nodes = ['a', 'bc'].map((name) => network.addNode({ name, propagationMs: 0 }));
    let disagreements = 0;
    for (let step = 0; step < 100; step += 1) {
      clock.advance(5_000);
      network.sync();
      const [one, two] = nodes.map((node) => node.cut());
      disagreements += one!.tips.filter((tip, chain) => tip.hash !== two!.tips[chain]!.hash).length;
      expect(one!.height).toBe(two!.height);
    }
    expect(disagreements).toBeGreaterThan(10);
  });
});
