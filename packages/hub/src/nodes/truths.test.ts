import { describe, expect, it } from 'vitest';
import type { SessionFacts } from './node-reader.ts';
import type { ChainView } from './tips.ts';
import { readTruths } from './truths.ts';

const NOW = Date.UTC(2026, 10, 25, 18);
const AT = { now: NOW, intervalMs: 30_000, graceUntil: 0 };
const HASH = 'A'.repeat(43);

const session: SessionFacts = {
  ...{
    instanceId: 'hub-1',
    epoch: 1n,
    sessionId: 's',
    bootId: 'b',
    previousBootIds: [],
    version: '1',
    protocol: 1,
  },
  ...{ connectedAt: NOW - 3_600_000, endedAt: undefined, address: '::1', transport: 'websocket' },
};

function chainOf(
  chain: number,
  state: 'tip' | 'behind' | 'forked' | 'unknown' = 'tip',
  lag: number | null = 0,
): ChainView {
  return {
    chain,
    reported: { chain, height: 100 - (lag ?? 0), hash: HASH },
    head: { chain, height: 100, hash: HASH, at: NOW - 9_000 },
    standing: { chain, state, lag },
  };
}

function read(
  over: {
    chains?: ChainView[];
    chainweb?: string;
    lastSeen?: number;
    session?: SessionFacts | undefined;
  } = {},
) {
  const { chains = [chainOf(0), chainOf(1)], chainweb = 'up', lastSeen = NOW - 5_000 } = over;
  const facts = { createdAt: 0, forked: false, chainweb, lastSeen };
  return readTruths({ facts, rttMs: 9 }, { chains, session: 'session' in over ? over.session : session }, AT);
}

describe('the three truths', () => {
  it('believe no agent about a process whose tips were polled over SSH since', () => {
    const facts = { createdAt: 0, forked: false, chainweb: 'down', lastSeen: undefined };
    const known = { chains: [chainOf(0)], session: undefined, polledAt: NOW - 20_000 };
    expect(readTruths({ facts, rttMs: undefined }, known, AT)).toMatchObject({
      agent: { says: 'nothing, it has none; polled over SSH: tips of 1 chain', at: NOW - 20_000 },
      chain: { says: '1 of 1 chain at the tip' },
      disagreements: [],
    });
  });

  it('say the same of a node that is well, each with its age', () => {
    expect(read()).toEqual({
      agent: { says: 'chainweb is up; tips of 2 chains', at: NOW - 5_000 },
      hub: { says: 'a session with hub-1 by websocket', at: NOW - 5_000 },
      chain: { says: '2 of 2 chains at the tip', at: NOW - 9_000 },
      disagreements: [],
    });
  });

  it.each([
    ['a branch that was left', { chains: [chainOf(0), chainOf(7, 'forked', 2)] }, /^Chain 7: .*branch/],
    [
      'a height that is not that of the block',
      { chains: [{ ...chainOf(3), reported: { chain: 3, height: 140, hash: HASH } }] },
      /^Chain 3: the node says height 140; the block that it names has height 100/,
    ],
    ['tips that nobody knows', { chains: [chainOf(0, 'unknown', null)] }, /knows none of its tips/],
    ['a process that is down, with fresh tips', { chainweb: 'down' }, /chainweb is down; its tips are those/],
    ['an open session without a sound', { lastSeen: NOW - 900_000 }, /counts as open/],
    [
      'sound after the end',
      { session: { ...session, endedAt: NOW - 300_000 } },
      /heard from the node afterwards/,
    ],
  ] as const)('differ by %s', (_, over, text) => {
    const { disagreements } = read(over as Parameters<typeof read>[0]);
    expect(disagreements).toHaveLength(1);
    expect(disagreements[0]).toMatch(text);
  });

  it('do not differ where one of them knows nothing yet', () => {
    const silent = { chain: 0, reported: undefined, head: undefined, standing: undefined };
    expect(read({ chains: [silent], session: undefined, chainweb: 'unknown' })).toMatchObject({
      hub: { says: 'no session yet' },
      chain: { says: 'no head is verified yet', at: undefined },
      disagreements: [],
    });
    expect(read({ chains: [chainOf(0, 'behind', 9)], chainweb: 'down' }).disagreements).toEqual([]);
  });
});
