import { describe, expect, it } from 'vitest';
import { createCheckpoint } from './checkpoint.ts';
import { createGenesis } from './genesis.ts';
import type { Header } from './header.ts';
import { draftHeader, mineHeader } from './mining.ts';
import { simulatedNetwork as network, stoaNetwork } from './network.ts';
import { MAX_UINT256 } from './uint256.ts';
import { validateHeader } from './validation.ts';

const payload = Buffer.alloc(32, 7).toString('base64url');
const genesis = createGenesis(network, {
  creationTime: 1_000_000n,
  target: MAX_UINT256 / 20n,
  payloadHash: () => payload,
});

function parentsOf(level: readonly Header[], chain: number): { parent: Header; adjacentParents: Header[] } {
  const adjacentParents = network.graph[chain]!.map((each) => level[each]!);
  return { parent: level[chain]!, adjacentParents };
}

function mineLevel(level: readonly Header[], creationTime: bigint): Header[] {
  return level.map((_parent, chain) =>
    mineHeader(draftHeader({ network, ...parentsOf(level, chain), creationTime, payloadHash: payload })),
  );
}

describe('mined chains', () => {
  it('are valid by the whole rule, over several ends of an epoch', () => {
    let level: Header[] = genesis;
    for (let height = 1; height <= 26; height += 1) {
      const creationTime = 1_000_000n + BigInt(height) * 20_000_000n;
      const next = mineLevel(level, creationTime);
      for (const header of next) {
        const { parent, adjacentParents } = parentsOf(level, header.chain);
        const context = { network, parent, now: creationTime };
        const byChain = new Map(adjacentParents.map((each) => [each.chain, each]));
        expect(validateHeader(header, { ...context, adjacentParents: byChain })).toEqual({ valid: true });
      }
      level = next;
    }
    // 20 s a block instead of 30 s: two thirds of the target at each end of an epoch.
    expect(level[0]!.target).toBeLessThan(genesis[0]!.target);
    expect(createCheckpoint(network, level).height).toBe(26);
  });
});

describe('genesis', () => {
  it('is a checkpoint without proof of work', () => {
    expect(createCheckpoint(network, genesis).height).toBe(0);
  });

  it('tells networks apart', () => {
    const other = createGenesis(stoaNetwork, {
      creationTime: 1_000_000n,
      target: MAX_UINT256 / 20n,
      payloadHash: () => payload,
    });
    const parents = [...genesis, ...other].map((header) => header.parent);
    expect(new Set(parents).size).toBe(20);
  });
});
