import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Instant, Liveness } from './liveness.ts';
import { anyFacts, anyInstant, NOW } from './state.fixture.ts';
import { atTip, deriveState, healthy, STATES, type StateFacts, stateName } from './state.ts';

const SECOND = 1_000;
const at: Instant = { now: NOW, intervalMs: 30 * SECOND, graceUntil: 0 };

function facts(over: Partial<StateFacts> = {}): StateFacts {
  return {
    createdAt: NOW - 3_600_000,
    lastSeen: NOW - 5 * SECOND,
    lag: 0,
    forked: false,
    chainweb: 'up',
    atTipAt: NOW - 5 * SECOND,
    ...over,
  };
}

describe('stateName', () => {
  it.each<[string, Partial<StateFacts>]>([
    ['online', {}],
    ['online', { lastSeen: NOW - 80 * SECOND, atTipAt: NOW - 80 * SECOND }],
    ['late', { lastSeen: NOW - 80 * SECOND - 1 }],
    ['late', { lastSeen: NOW - 300 * SECOND }],
    ['offline', { lastSeen: NOW - 300 * SECOND - 1 }],
    ['new', { lastSeen: undefined, atTipAt: undefined, lag: undefined }],
    ['syncing', { atTipAt: undefined, lag: 900 }],
    ['syncing', { atTipAt: undefined, lag: undefined }],
    ['behind', { atTipAt: NOW - 81 * SECOND, lag: 4 }],
    ['behind', { atTipAt: NOW - 81 * SECOND, chainweb: 'down' }],
    ['forked', { atTipAt: NOW - 81 * SECOND, forked: true }],
    ['disputed', { disputedAt: NOW }],
    ['quarantined', { disputedAt: NOW, quarantinedAt: NOW }],
    ['refused', { quarantinedAt: NOW, refusedAt: NOW, lastSeen: undefined }],
    ['retired', { refusedAt: NOW, retiredAt: NOW }],
  ])('is %s for %j', (name, over) => {
    expect(stateName(facts(over), at)).toBe(name);
  });

  it('does not flicker: off the tip, or silent, for less than two intervals and 20 s is nothing', () => {
    const states = [1, 20, 40, 60, 80].map((ago) =>
      stateName(facts({ lag: 9, forked: true, atTipAt: NOW - ago * SECOND }), at),
    );
    expect(new Set(states)).toEqual(new Set(['online']));
  });

  it('comes back with the first heartbeat at the tip', () => {
    expect(stateName(facts({ atTipAt: NOW }), at)).toBe('online');
  });

  it('waits longer where heartbeats are slower', () => {
    const slow: Instant = { ...at, intervalMs: 45 * SECOND };
    expect(stateName(facts({ lastSeen: NOW - 110 * SECOND, atTipAt: NOW - 110 * SECOND }), slow)).toBe(
      'online',
    );
  });

  it('never gets better by silence alone', () => {
    const order = ['online', 'forked', 'behind', 'syncing', 'late', 'offline'];
    fc.assert(
      fc.property(anyFacts, anyInstant, fc.nat(600_000), (some, when, later) => {
        const before = stateName(some, { ...when, graceUntil: 0 });
        const after = stateName(some, { ...when, graceUntil: 0, now: when.now + later });
        const rank = (name: string) =>
          name === 'online' ? 0 : order.indexOf(name) < 4 ? 1 : order.indexOf(name);
        expect(rank(after)).toBeGreaterThanOrEqual(rank(before));
      }),
    );
  });

  it('stands still while time is frozen, whatever the time', () => {
    fc.assert(
      fc.property(anyFacts, fc.nat(3_600_000), (some, passed) => {
        const frozen: Instant = {
          ...at,
          now: NOW + passed,
          graceUntil: Number.MAX_SAFE_INTEGER,
          frozenSince: NOW,
        };
        expect(stateName(some, frozen)).toBe(stateName(some, at));
      }),
    );
  });
});

describe('deriveState', () => {
  it('explains every state: rule, evidence, what would change it', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(anyFacts, anyInstant, (some, when) => {
        const state = deriveState(some, when);
        seen.add(state.name);
        expect(state.name).toBe(stateName(some, when));
        expect(state.rule.length * state.change.length * state.evidence.length).toBeGreaterThan(0);
        for (const { value, at: instant } of state.evidence) expect(value ?? instant).toBeDefined();
      }),
      { numRuns: 3_000 },
    );
    expect([...seen].sort()).toEqual([...STATES].sort());
  });

  it('says that time stands, where it does', () => {
    const frozen: Instant = { ...at, graceUntil: NOW + 1, frozenSince: NOW - 1_000 };
    expect(deriveState(facts(), frozen).evidence.at(-1)).toEqual({
      name: 'States stand still since',
      at: NOW - 1_000,
    });
  });

  it('names the process where that is the cause', () => {
    const state = deriveState(facts({ chainweb: 'stopped', atTipAt: NOW - 200 * SECOND }), at);
    expect([state.name, state.rule]).toEqual([
      'behind',
      expect.stringContaining('chainweb process is stopped'),
    ]);
  });
});

describe('atTip and healthy', () => {
  it('fail closed: what is unknown does not count', () => {
    const beat = { lag: 3, forked: false, chainweb: 'up' };
    expect(atTip(beat)).toBe(true);
    for (const over of [{ lag: 4 }, { lag: undefined }, { forked: true }, { chainweb: 'unknown' }])
      expect(atTip({ ...beat, ...over })).toBe(false);
    expect(STATES.filter(healthy)).toEqual(['online']);
  });
});

describe('Liveness', () => {
  function liveness() {
    const clock = { time: NOW, now: () => clock.time };
    return { clock, liveness: new Liveness({ clock }) };
  }

  it('runs from the start on an empty database', () => {
    const { liveness: subject } = liveness();
    subject.restarted({});
    expect(subject.at().frozenSince).toBeUndefined();
  });

  it('holds states after a restart for 300 s at least, then lets silence count', () => {
    const { clock, liveness: subject } = liveness();
    const heardUntil = NOW - 2 * 3_600_000;
    subject.restarted({ heardUntil, graceMs: 1_000 });
    const node = facts({ lastSeen: heardUntil - 5_000, atTipAt: heardUntil - 5_000 });
    const longGone = facts({ lastSeen: heardUntil - 3_600_000 });
    clock.time += 299_999;
    expect([node, longGone].map((some) => stateName(some, subject.at()))).toEqual(['online', 'offline']);
    clock.time += 1;
    expect(stateName(node, subject.at())).toBe('offline');
  });

  it('freezes until it is thawed', () => {
    const { clock, liveness: subject } = liveness();
    subject.freeze(NOW);
    clock.time += 2 * 3_600_000;
    expect(stateName(facts(), subject.at())).toBe('online');
    subject.thaw();
    expect(stateName(facts(), subject.at())).toBe('offline');
  });
});
