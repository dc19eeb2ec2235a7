import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { Bus } from '../bus.ts';
import { NodeSource } from './live.ts';
import { Liveness } from './liveness.ts';
import { NOW } from './state.fixture.ts';
import type { NodeSummary } from './summary.ts';

function summary(nodeId: string, lastSeen: number): NodeSummary {
  const measured = {
    cpu: undefined,
    memory: undefined,
    disk: undefined,
    load: undefined,
    agentVersion: undefined,
  };
  const facts = { lastSeen, lag: 0, forked: false, atTipAt: lastSeen };
  return {
    nodeId,
    label: nodeId,
    owner: '',
    region: 'eu',
    simulated: false,
    unpaid: false,
    facts,
    ...measured,
  };
}

function subject() {
  const clock = { time: NOW, now: () => clock.time };
  const bus = new Bus({ log: pino({ level: 'silent' }) });
  const stored = new Map<string, number>();
  const loads: string[][] = [];
  const state = { fail: false };
  const liveness = new Liveness({ clock });
  const source = new NodeSource<NodeSummary>({
    name: 'row',
    access: { among: (_viewer, ids) => Promise.resolve(ids.filter((id) => id !== 'ghost')) },
    bus,
    clock,
    liveness,
    load: async (ids) => {
      loads.push([...ids]);
      if (state.fail) throw new Error('away');
      return ids.filter((id) => stored.has(id)).map((id) => summary(id, stored.get(id)!));
    },
    render: (node) => `${node.nodeId} ${node.facts.lastSeen! - NOW} ${liveness.at().now - NOW}`,
  });
  return { clock, bus, stored, loads, state, source };
}

const all = new Set(['a', 'b', 'ghost']);
const none = new Set<string>();

describe('NodeSource', () => {
  it('loads what is new to it, then only what the bus names', async () => {
    const { bus, stored, loads, source } = subject();
    stored.set('a', NOW).set('b', NOW);
    expect([...(await source.changes(all, all)).keys()]).toEqual(['a', 'b']);
    expect((await source.changes(all, none)).size).toBe(0);
    stored.set('b', NOW + 5);
    bus.publish('nodes', { ids: ['b', 'stranger'] });
    expect([...(await source.changes(all, none))]).toEqual([['b', 'b 5 0']]);
    expect(loads).toEqual([['a', 'b', 'ghost'], ['b']]);
  });

  it('judges states again as time passes, without asking the database', async () => {
    const { clock, stored, loads, source } = subject();
    stored.set('a', NOW - 70_000).set('b', NOW);
    await source.changes(all, all);
    clock.time += 15_000;
    expect([...(await source.changes(all, none)).keys()]).toEqual(['a']);
    expect(loads).toHaveLength(1);
  });

  it('looks everything up again after 30 s, since another hub may have written it', async () => {
    const { clock, loads, source } = subject();
    await source.changes(all, all);
    clock.time += 29_999;
    await source.changes(all, none);
    clock.time += 1;
    await source.changes(all, none);
    expect(loads).toHaveLength(2);
  });

  it('forgets what nobody watches', async () => {
    const { bus, stored, loads, source } = subject();
    stored.set('a', NOW);
    await source.changes(all, all);
    await source.changes(new Set(['b']), none);
    bus.publish('nodes', { ids: ['a'] });
    await source.changes(new Set(['b']), none);
    expect(loads).toHaveLength(1);
  });

  it('asks again for what it could not load', async () => {
    const { bus, stored, state, source } = subject();
    stored.set('a', NOW);
    await source.changes(all, all);
    stored.set('a', NOW + 5);
    bus.publish('nodes', { ids: ['a'] });
    state.fail = true;
    await expect(source.changes(all, none)).rejects.toThrow('away');
    state.fail = false;
    expect([...(await source.changes(all, none)).keys()]).toEqual(['a']);
  });
});
