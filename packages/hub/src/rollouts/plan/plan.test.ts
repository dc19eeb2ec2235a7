import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  acted,
  actsOn,
  begun,
  type Course,
  credible,
  decide,
  evidenceIn,
  hashRing,
  heldBy,
  inWindow,
  LAST_RING,
  LOOKS,
  looksAt,
  MOST_DEFERRED_MS,
  mostAtOnce,
  NO_WISH,
  NOTICE_MS,
  perMinute,
  RINGS,
  type RolloutFacts,
  setAside,
  tallyOf,
  withinLimits,
} from './index.ts';

const HOUR = 3_600_000;
const small = fc.integer({ min: 0, max: 200 });
const owner = fc.constantFrom('a', 'b', 'c', 'd', 'e');

const voice = fc
  .record({ owner, nodes: fc.integer({ min: 1, max: 50 }), looks: fc.integer({ min: 1, max: LOOKS }) })
  .chain(({ owner: name, nodes, looks }) =>
    fc
      .integer({ min: 1, max: nodes })
      .chain((failed) =>
        fc
          .integer({ min: 0, max: failed })
          .map((swapFailed) => ({ owner: name, nodes, failed, swapFailed, looks: nodes * looks })),
      ),
  );
const tally = fc
  .record({
    clean: fc.record({ owners: small, looks: small }),
    failing: fc.uniqueArray(voice, { selector: (one) => one.owner }),
    ownFailed: fc.constantFrom(0, 0, 0, 1, 3),
  })
  .map(tallyOf);
const facts = (ring: number): fc.Arbitrary<RolloutFacts> =>
  fc
    .record({
      now: fc.integer({ min: 0, max: 100 * HOUR }),
      counts: fc.oneof(
        fc.record({ waiting: small, flying: small, confirmed: small, heard: small, failed: small }),
        small.map((all) => ({ waiting: 0, flying: 0, confirmed: all, heard: all, failed: 0 })),
      ),
      tally,
      comparisons: fc.constant([]),
      hurry: fc.constant(1),
      successes: small,
      started: small,
      pausedAll: fc.boolean(),
      security: fc.boolean(),
    })
    .map((one) => ({
      ...one,
      counts: { ...one.counts, heard: Math.min(one.counts.heard, one.counts.confirmed) },
      ring,
    }));
const course: fc.Arbitrary<Course> = fc.record({
  state: fc.constantFrom('running', 'running', 'running', 'paused', 'halted', 'aborted', 'complete'),
  ring: fc.integer({ min: 0, max: LAST_RING }),
  ringSince: fc.constant(0),
  soakSince: fc.option(fc.integer({ min: 0, max: 50 * HOUR }), { nil: undefined }),
  judgedSince: fc.constant(0),
  reason: fc.constant(''),
});
const situation = course.chain((one) => facts(one.ring).map((those) => [one, those] as const));

describe('a step', () => {
  it('starts nothing unless it runs or is complete, and nothing at all under PAUSE ALL', () => {
    fc.assert(
      fc.property(situation, ([before, those]) => {
        const { start } = decide(before, those);
        if (start === 0) return;
        expect(['running', 'complete']).toContain(before.state);
        expect(those.pausedAll).toBe(false);
        expect(start + those.started).toBeLessThanOrEqual(perMinute(those.successes));
      }),
    );
  });

  it('leaves no state but by a person, the gate, or the last ring; and never goes back a ring', () => {
    fc.assert(
      fc.property(situation, ([before, those]) => {
        const { course: after } = decide(before, those);
        expect(after.ring - before.ring).toBeGreaterThanOrEqual(0);
        expect(after.ring - before.ring).toBeLessThanOrEqual(1);
        if (before.state !== 'running') expect(after).toBe(before);
        else expect(['running', 'halted', 'complete']).toContain(after.state);
        if (before.state === 'running' && after.state === 'halted') expect(after.reason).not.toBe('');
      }),
    );
  });

  it('halts where nodes would take no more of it, whatever its gate says, and starts nothing', () => {
    fc.assert(
      fc.property(situation, ([before, those]) => {
        const { course: after, start } = decide(before, { ...those, fault: 'its order ended' });
        expect(start).toBe(0);
        if (before.state !== 'running') expect(after).toBe(before);
        else expect(after).toEqual({ ...before, state: 'halted', reason: 'its order ended' });
      }),
    );
  });

  it('opens a ring only once it has soaked, and never while the region is paused', () => {
    let opened = 0;
    fc.assert(
      fc.property(situation, ([before, those]) => {
        const { course: after } = decide(before, those);
        const moved = after.ring > before.ring || (after.state === 'complete' && before.state === 'running');
        if (moved) opened += 1;
        const { flying, confirmed, failed } = those.counts;
        const empty = before.ring === 0 && flying + confirmed + failed === 0;
        const soaked = empty || those.now - (before.soakSince ?? those.now) >= RINGS[before.ring]!.soakMs;
        expect(!moved || (soaked && !those.pausedAll)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
    expect(opened).toBeGreaterThan(0);
  });

  it('halts by failures only on the word of three owners or of our own nodes, and never a security release', () => {
    fc.assert(
      fc.property(situation, ([before, those]) => {
        const { course: after, verdict } = decide(before, those);
        if (those.security) expect(after.state === 'halted').toBe(before.state === 'halted');
        for (const { name, stops } of verdict.checks)
          if (stops && (name === 'failures' || name === 'reported')) expect(credible(those.tally)).toBe(true);
      }),
    );
  });

  it('takes two of three of our own nodes for the word of a ring, and neither of two nor the only one', () => {
    const after = (failed: number, heard: number) => {
      const begun = {
        state: 'running',
        ring: 0,
        ringSince: 0,
        soakSince: 0,
        judgedSince: 0,
        reason: '',
      } as const;
      const nodes = failed + heard;
      const own = { owner: 'us', nodes, failed, swapFailed: failed, looks: nodes };
      const { state, ring } = decide(begun, {
        now: HOUR,
        counts: { waiting: 0, flying: 0, confirmed: heard, heard, failed },
        tally: tallyOf({ clean: { owners: 0, looks: 0 }, failing: [own], ownFailed: failed }),
        ...{ comparisons: [], hurry: 1, successes: 0, started: 0, pausedAll: false, security: false },
      }).course;
      return [state, ring];
    };
    expect([after(1, 0), after(1, 1), after(1, 2)]).toEqual([
      ['halted', 0],
      ['halted', 0],
      ['running', 1],
    ]);
  });

  it('soaks in a sixtieth of the time in a rehearsal, and says that it is one', () => {
    const begun = {
      state: 'running',
      ring: 0,
      ringSince: 0,
      soakSince: 0,
      judgedSince: 0,
      reason: '',
    } as const;
    const at = (now: number) =>
      decide(begun, {
        ...{ now, hurry: 60 },
        counts: { waiting: 0, flying: 0, confirmed: 3, heard: 3, failed: 0 },
        tally: tallyOf({ clean: { owners: 1, looks: 1 }, failing: [], ownFailed: 0 }),
        ...{ comparisons: [], successes: 0, started: 0, pausedAll: false, security: false },
      });
    expect([at(29_000).course.ring, at(30_000).course.ring]).toEqual([0, 1]);
    const words = at(29_000)
      .verdict.checks.map((check) => check.words)
      .join();
    expect(words).toContain('a rehearsal');
    expect(words).toContain('evidence 0.0,');
    expect(at(0).start).toBe(60 * perMinute(0));
  });

  it('is a function of what is so: taken again by a hub that was killed, it says the same', () => {
    fc.assert(
      fc.property(situation, ([before, those]) => {
        expect(decide(before, those)).toEqual(decide(structuredClone(before), structuredClone(those)));
      }),
    );
  });
});

describe('what a person does', () => {
  it('is what is offered, from every state', () => {
    fc.assert(
      fc.property(course, fc.constantFrom('pause', 'resume', 'abort'), (before, act) => {
        const after = acted(before, act, { now: 5, reason: 'because' });
        expect(after !== undefined).toBe(actsOn(before).includes(act));
      }),
    );
  });

  it('begins the test anew after a halt, and not after a pause', () => {
    const at = begun(1);
    const paused = acted(at, 'pause', { now: 2, reason: '' })!;
    expect(acted(paused, 'resume', { now: 9, reason: '' })!.judgedSince).toBe(1);
    const halted: Course = { ...at, state: 'halted' };
    expect(acted(halted, 'resume', { now: 9, reason: '' })).toMatchObject({
      state: 'running',
      judgedSince: 9,
    });
    expect(actsOn({ state: 'aborted' })).toEqual([]);
  });
});

describe('voices', () => {
  it('are one an owner: twenty nodes that fail count as one, and a tenth of an owner as a tenth', () => {
    const clean = { owners: 9, looks: 27 };
    const loud = { owner: 'x', nodes: 20, failed: 20, swapFailed: 20, looks: 20 };
    expect(tallyOf({ clean, failing: [loud], ownFailed: 0 })).toMatchObject({
      owners: 10,
      looks: 28,
      failures: 1,
    });
    const mild = { owner: 'x', nodes: 10, failed: 1, swapFailed: 0, looks: 30 };
    expect(tallyOf({ clean, failing: [mild], ownFailed: 0 })).toMatchObject({
      failures: 0.1,
      swapFailures: 0,
    });
  });

  it('of one or two owners set these aside and halt nothing', () => {
    const failing = ['x', 'y'].map((name) => ({ owner: name, nodes: 9, failed: 9, swapFailed: 9, looks: 9 }));
    const two = tallyOf({ clean: { owners: 5, looks: 5 }, failing, ownFailed: 0 });
    expect(evidenceIn(1, two)[0]!.value).toBeGreaterThan(0);
    expect(setAside({ ring: 1, tally: two, all: () => 100 })).toEqual(['x', 'y']);
    const counts = { waiting: 5, flying: 0, confirmed: 5, heard: 5, failed: 0 };
    const rest = {
      now: 0,
      counts,
      comparisons: [],
      hurry: 1,
      successes: 5,
      started: 0,
      pausedAll: false,
      security: false,
    };
    const before = { ...begun(0), ring: 1 };
    expect(decide(before, { ...rest, tally: two }).course.state).toBe('running');
    const third = { ...failing[0]!, owner: 'z' };
    const three = tallyOf({ clean: { owners: 5, looks: 5 }, failing: [...failing, third], ownFailed: 0 });
    expect(decide(before, { ...rest, tally: three }).course.state).toBe('halted');
  });

  it('are heard at the swap and after each half hour, three times', () => {
    expect([0, 29, 30, 60, 900].map((minutes) => looksAt(minutes * 60_000))).toEqual([1, 1, 2, 3, 3]);
  });
});

describe('limits', () => {
  it('let through no more than there is room for, in the order of the candidates, and never lose a place', () => {
    const candidate = fc.record({ nodeId: fc.uuid(), owner, site: fc.constantFrom('', 's', 't') });
    const key = fc.constantFrom<string>('a', 'b', 's', 't');
    const rooms = fc.array(fc.tuple(key, fc.integer({ min: -2, max: 4 })));
    fc.assert(
      fc.property(fc.array(candidate), rooms, fc.integer({ min: 0, max: 20 }), (all, given, most) => {
        const room = new Map(given);
        const chosen = withinLimits(all, { most, owners: room, sites: room });
        expect(chosen.length).toBeLessThanOrEqual(most);
        expect(all.filter((one) => chosen.includes(one))).toEqual(chosen);
        const left = (name: string, taken: (one: (typeof all)[number]) => string) =>
          name === ''
            ? Number.POSITIVE_INFINITY
            : Math.max(0, room.get(name) ?? 1) - chosen.filter((one) => taken(one) === name).length;
        const free = (one: (typeof all)[number]) =>
          Math.min(
            left(one.owner, ({ owner: of }) => of),
            left(one.site, ({ site }) => site),
          );
        for (const one of chosen) expect(free(one)).toBeGreaterThanOrEqual(0);
        const lost = all.filter((one) => !chosen.includes(one) && free(one) > 0);
        expect(chosen.length === most || lost.length === 0).toBe(true);
      }),
    );
  });

  it('are a fifth, and never less than one', () => {
    expect([1, 4, 5, 9, 10, 1_000].map(mostAtOnce)).toEqual([1, 1, 1, 1, 2, 200]);
    expect([0, 999, 1_000, 2_500].map(perMinute)).toEqual([50, 50, 100, 200]);
  });
});

describe('rings', () => {
  it('grow, and take the whole line', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (bucket) => {
        const ring = hashRing(bucket);
        expect(ring).toBeGreaterThanOrEqual(2);
        expect(bucket).toBeLessThan(RINGS[ring]!.below);
        expect(bucket).toBeGreaterThanOrEqual(RINGS[ring - 1]!.below);
      }),
    );
    expect(RINGS[3].soakMs).toBeGreaterThanOrEqual(24 * HOUR);
    for (const { soakMs } of RINGS) expect(soakMs).toBeGreaterThanOrEqual(HOUR / 2);
  });
});

describe('wishes', () => {
  const by = { now: 10 * HOUR, version: '2.0.0', since: 0, security: false };

  it('hold a node on its version, until a day, and outside its hours', () => {
    expect(heldBy(NO_WISH, by)).toBeUndefined();
    expect(heldBy({ ...NO_WISH, pin: '1.0.0' }, by)).toBe('pinned');
    expect(heldBy({ ...NO_WISH, pin: '2.0.0' }, by)).toBeUndefined();
    expect(heldBy({ ...NO_WISH, deferUntil: 11 * HOUR }, by)).toBe('deferred');
    expect(heldBy({ ...NO_WISH, window: '02:00-04:00' }, by)).toBe('window');
    expect(heldBy({ ...NO_WISH, window: '22:00-11:00' }, by)).toBeUndefined();
  });

  it('end: a deferral after 14 days, and all of them for a security release once its notice is over', () => {
    const ever = { ...NO_WISH, deferUntil: Number.MAX_SAFE_INTEGER };
    expect(heldBy(ever, { ...by, now: MOST_DEFERRED_MS - 1 })).toBe('deferred');
    expect(heldBy(ever, { ...by, now: MOST_DEFERRED_MS })).toBeUndefined();
    const all = { ...ever, pin: '1.0.0', window: '02:00-04:00' };
    expect(heldBy(all, { ...by, security: true, now: NOTICE_MS - 1 })).toBe('pinned');
    expect(heldBy(all, { ...by, security: true, now: NOTICE_MS })).toBeUndefined();
  });

  it('window: every minute of a day is in it or in its complement', () => {
    const time = fc
      .tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 }))
      .map(([h, m]) => `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`);
    fc.assert(
      fc.property(time, time, fc.integer({ min: 0, max: 1_439 }), (from, to, minute) => {
        fc.pre(from !== to);
        const at = minute * 60_000;
        expect(inWindow(`${from}-${to}`, at)).toBe(!inWindow(`${to}-${from}`, at));
      }),
    );
  });
});
