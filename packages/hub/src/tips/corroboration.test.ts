import { encodeHeader, type Header } from '@stoa/protocol/chainweb';
import { beforeEach, describe, expect, it } from 'vitest';
import { Braid, CHAINS, FixedClock, node } from './braid.fixture.ts';
import { Corroboration } from './corroboration.ts';
import type { Reporter } from './reporter.ts';
import { VerifiedSet } from './verified-set.ts';

const braid = new Braid();
braid.mineTo(12);
const reference = node('reference', { reference: true });
const tipsAt = (source: Braid, height: number) =>
  CHAINS.map((chain) => ({ chain, hash: source.at(chain, height).hash }));

let set: VerifiedSet;
let corroboration: Corroboration;

function offer(headers: readonly Header[]): void {
  for (const header of headers) {
    set.offer(encodeHeader(header), reference);
  }
}

function agent(ownerId: string, network: string): Reporter {
  return node(`node of ${ownerId} in ${network}`, { ownerId, network });
}

beforeEach(() => {
  set = new VerifiedSet({ checkpoint: braid.checkpoint, clock: new FixedClock().atHeight(50) });
  corroboration = new Corroboration({ set });
  for (let height = 1; height <= 10; height += 1) {
    offer(braid.level(height));
  }
});

const height = (): number => corroboration.head(6).height;

describe('the head that gates refer to', () => {
  it('stays at the checkpoint while nobody reports, however far the verified head is', () => {
    expect(set.height(6)).toBe(10);
    expect(height()).toBe(0);
  });

  it('is what the reference node reports', () => {
    corroboration.report(reference, tipsAt(braid, 9));
    expect(corroboration.heads()).toEqual(braid.level(9));
    corroboration.report(reference, tipsAt(braid, 4));
    expect(height()).toBe(9);
  });

  it('is what agents of three owners in two networks report', () => {
    corroboration.report(agent('a', 'x'), tipsAt(braid, 9));
    corroboration.report(agent('b', 'x'), tipsAt(braid, 9));
    corroboration.report(agent('c', 'x'), tipsAt(braid, 9));
    expect(height()).toBe(0);
    corroboration.report(agent('a', 'y'), tipsAt(braid, 9));
    expect(height()).toBe(9);
  });

  it('is not moved by one owner with many nodes', () => {
    for (let each = 0; each < 100; each += 1) {
      corroboration.report(node(`n${each}`, { ownerId: 'whale', network: `x${each}` }), tipsAt(braid, 9));
    }
    expect(height()).toBe(0);
  });

  it('counts a report of a header for its past', () => {
    corroboration.report(agent('a', 'x'), tipsAt(braid, 10));
    corroboration.report(agent('b', 'y'), tipsAt(braid, 8));
    corroboration.report(agent('c', 'y'), tipsAt(braid, 9));
    expect(height()).toBe(8);
    corroboration.report(agent('d', 'y'), tipsAt(braid, 10));
    expect(height()).toBe(9);
  });

  it('ignores what is not verified, or of another chain', () => {
    corroboration.report(reference, tipsAt(braid, 12));
    corroboration.report(reference, [{ chain: 6, hash: braid.at(7, 9).hash }]);
    corroboration.report(reference, [{ chain: 77, hash: braid.at(7, 9).hash }]);
    expect(height()).toBe(0);
  });

  it("keeps out a miner's own branch, however heavy", () => {
    corroboration.report(reference, tipsAt(braid, 10));
    const own = braid.fork(3, 9);
    offer(own.mineTo(15));
    expect(set.head(6)).toEqual(own.at(6, 15));
    corroboration.report(agent('miner', 'x'), tipsAt(own, 15));
    expect(corroboration.head(6)).toEqual(braid.at(6, 10));
    const lags = set.lag([...tipsAt(braid, 8), ...tipsAt(own, 15)], corroboration.heads());
    expect(lags[6]).toEqual({ chain: 6, state: 'behind', lag: 2, height: 8, forkDepth: 0 });
    expect(lags[16]).toEqual({ chain: 6, state: 'forked', lag: 7, height: 15, forkDepth: 12 });
    corroboration.report(reference, tipsAt(own, 15));
    expect(corroboration.head(6)).toEqual(own.at(6, 15));
  });
});
