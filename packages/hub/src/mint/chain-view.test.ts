import { describe, expect, it } from 'vitest';
import type { Clock } from '../clock.ts';
import type { Attempt, Batch } from './batch-store.ts';
import type { ChainNode, ChainRead, ChainResult, Preflight } from './chain-node.ts';
import { ChainView } from './chain-view.ts';
import { balanceOf } from './register-reads.ts';

const DIGEST = 'd';
const block = { height: 40, hash: 'b', gas: 9 };
const seen = { height: 40, block: 'b', gas: 9 };
const batch = {
  kind: 'mint',
  epoch: 1,
  chain: 3,
  part: 0,
  digest: DIGEST,
  state: 'sent',
  attempt: 0,
} as Batch;
const attempts = [{ attempt: 0, command: { cmd: '', hash: 'key', sigs: [] } }] as unknown as Attempt[];
const applied: ChainResult = { status: 'applied', message: '', block };

/** As a node answers that has this batch in that block. */
function nodeWith(
  by: { read?: Partial<ChainRead>; results?: Record<string, ChainResult>; preflight?: Preflight } = {},
): ChainNode {
  const read = { data: { sum: 1, digest: DIGEST }, height: 46, blockTime: 1_000, ...by.read };
  return {
    name: 'node',
    send: async () => {},
    results: async () => new Map(Object.entries(by.results ?? { key: applied })),
    preflight: async () => by.preflight ?? { gas: 9, failure: undefined },
    read: async () => read,
  };
}

function viewOf(nodes: readonly ChainNode[], quorum = 2, after?: Clock['after']): ChainView {
  return new ChainView({ nodes, quorum, contract: { module: 'n.m', hash: 'h' }, after });
}

describe('what nodes say together', () => {
  it('has the block that a quorum names, whatever height another one claims, and whoever is asked first', async () => {
    const liar = nodeWith({ results: { key: { ...applied, block: { ...block, height: 2 ** 31 - 1 } } } });
    expect(await viewOf([liar, nodeWith(), nodeWith()]).of(batch, attempts)).toMatchObject({ seen });
    expect(await viewOf([liar, nodeWith()]).of(batch, attempts)).toBeUndefined();
  });

  it('has a height that a quorum reaches, where nodes forgot the result', async () => {
    const forgetful = (height: number) => nodeWith({ read: { height }, results: {} });
    const nodes = [forgetful(2 ** 31 - 1), forgetful(46), forgetful(47)];
    expect(await viewOf(nodes).of(batch, attempts)).toMatchObject({
      seen: { height: 47, block: '', gas: 0 },
    });
  });

  it('names the same block of several attempts, in whichever order nodes tell them', async () => {
    const late = { ...applied, block: { height: 41, hash: 'c', gas: 8 } };
    const nodes = [
      { a: applied, b: late },
      { b: late, a: applied },
    ].map((results) => nodeWith({ results }));
    expect(await viewOf(nodes).of(batch, attempts)).toMatchObject({ seen });
  });

  it('reaches a time and a balance that one of three can neither lower, raise nor spoil', async () => {
    for (const lie of [{ decimal: '-1.5' }, { decimal: '1e99' }, 'none', { decimal: 'none' }]) {
      const liar = nodeWith({ read: { data: lie } });
      const view = viewOf([
        liar,
        ...['7.5', '8.5'].map((decimal) => nodeWith({ read: { data: { decimal } } })),
      ]);
      const balance = await view.reached(3, '(f)', ({ data }) => balanceOf(data));
      expect([7.5, 8.5], JSON.stringify(lie)).toContain(balance);
    }
  });

  it('preflights by most of three: one alone neither stops it nor makes it dearer or cheaper', async () => {
    const said = (gas: number, failure?: string) => nodeWith({ preflight: { gas, failure } });
    for (const liar of [said(0), said(2 ** 31 - 1), said(500, 'the node says no')])
      expect([90, 91]).toContain((await viewOf([liar, said(90), said(91)]).preflight(3, '{}')).gas);
    const failing = viewOf([said(500, 'no such row'), said(500, 'no such row'), said(90)]);
    expect(await failing.preflight(3, '{}')).toEqual({ gas: 500, failure: 'no such row' });
    const divided = viewOf([said(90), said(500, 'no such row')]);
    await expect(divided.preflight(3, '{}')).rejects.toMatchObject({
      code: 'no_agreement',
      message: expect.stringContaining('no such row') as string,
    });
  });

  it('waits two seconds for who is later than most, and for all where too few answered', async () => {
    const timers: { ms: number; end: () => void }[] = [];
    const after: Clock['after'] = (ms, end) => {
      timers.push({ ms, end });
      return () => undefined;
    };
    const hanging: ChainNode = { ...nodeWith(), read: () => new Promise(() => {}) };
    const enough = viewOf([hanging, nodeWith(), nodeWith()], 2, after).read(3, '(f)', String);
    await expect.poll(() => timers.length).toBe(1);
    timers[0]!.end();
    expect(timers[0]!.ms).toBe(2_000);
    expect(await enough).toBe('[object Object]');
    const late: ChainNode = { ...nodeWith(), read: async () => nodeWith().read(3, '', 0) };
    const few: ChainNode = { ...nodeWith(), read: () => Promise.reject(new Error('gone')) };
    expect(await viewOf([few, late, nodeWith()], 2, after).read(3, '(f)', String)).toBe('[object Object]');
    expect(timers).toHaveLength(1);
  });

  it('reads what a quorum reads alike, and where there is none says so', async () => {
    const nodes = [2, 1, 1].map((data) => nodeWith({ read: { data } }));
    expect(await viewOf(nodes).read(3, '(f)', Number)).toBe(1);
    await expect(viewOf(nodes.slice(0, 2)).read(3, '(f)', Number)).rejects.toMatchObject({
      code: 'no_agreement',
    });
    await expect(viewOf(nodes, 3).read(3, '(f)', Number)).rejects.toMatchObject({ code: 'no_agreement' });
  });
});
