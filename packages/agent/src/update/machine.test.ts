import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goal, HOUR } from '#update/goal.fixture.ts';
import {
  ATTEMPTS,
  isPassing,
  NO_HISTORY,
  next,
  SEEN,
  type UpdateEvent,
  type UpdateHistory,
} from '#update/machine.ts';

const ids = fc.constantFrom('01', '02', '03').map((byte) => byte.repeat(16));
const why = { reason: 'why', detail: 'because' };
const events: fc.Arbitrary<UpdateEvent> = fc.oneof(
  { weight: 3, arbitrary: ids.map((id) => ({ type: 'assigned' as const, goal: goal({ id }) })) },
  ids.map((id) => ({ type: 'cancelled' as const, id })),
  fc.constantFrom<UpdateEvent>(
    { type: 'deferred', ...why },
    { type: 'due' },
    { type: 'downloading' },
    { type: 'staged', slot: '1.1.0-ab' },
    { type: 'draining', slot: '1.1.0-ab' },
    { type: 'trying' },
    { type: 'refused', ...why },
    { type: 'failed', ...why },
    { type: 'confirmed', ...why },
    { type: 'rolled-back', ...why, lines: ['boom'] },
    { type: 'began' },
    { type: 'unswapped' },
    { type: 'clock' },
  ),
);
const steps = fc.array(fc.record({ event: events, ms: fc.nat(48 * HOUR) }), { maxLength: 60 });

function run(path: readonly { event: UpdateEvent; ms: number }[]): { history: UpdateHistory; now: number } {
  let history = NO_HISTORY;
  let now = 0;
  for (const { event, ms } of path) {
    now += ms;
    history = next(history, event, now);
  }
  return { history, now };
}

/** The states of a good update, in their order. */
function good(): UpdateEvent[] {
  return [
    { type: 'assigned', goal: goal() },
    { type: 'downloading' },
    { type: 'staged', slot: 's' },
    { type: 'draining', slot: 's' },
    { type: 'trying' },
    { type: 'confirmed', reason: '', detail: '' },
  ];
}

describe('the machine of updates', () => {
  it('F09 ends every state that is no end, also where nothing but time happens', () => {
    fc.assert(
      fc.property(steps, (path) => {
        let { history } = run(path);
        for (let look = 0; isPassing(history.progress.state); look += 1) {
          const { state, since, until, goal: held } = history.progress;
          expect(held, state).toBeDefined();
          expect(until, state).toBeGreaterThan(since);
          expect(look).toBeLessThan(2);
          history = next(history, { type: 'clock' }, until);
        }
        expect(history.progress.until).toBe(0);
      }),
    );
  });

  it('F10 obeys an id once, whatever happened since', () => {
    fc.assert(
      fc.property(steps, ids, (path, id) => {
        const { history, now } = run(path);
        fc.pre(history.seen.includes(id));
        expect(next(history, { type: 'assigned', goal: goal({ id }) }, now)).toBe(history);
      }),
    );
  });

  it('F10 a command replayed after its rollback is no command', () => {
    const path = [...good().slice(0, 5), { type: 'rolled-back', ...why, lines: ['boom'] } as const];
    const { history } = run(path.map((event) => ({ event, ms: 1 })));
    expect(history.progress).toMatchObject({ state: 'rolled-back', lastLines: ['boom'], reason: 'why' });
    expect(next(history, { type: 'assigned', goal: goal() }, 99)).toBe(history);
  });

  it('F09 a cancel leads back to rest from every state before the swap, also where it came first', () => {
    for (let length = 1; length < 5; length += 1) {
      const { history } = run(
        good()
          .slice(0, length)
          .map((event) => ({ event, ms: 1 })),
      );
      expect(next(history, { type: 'cancelled', id: goal().id }, 9).progress.state).toBe('cancelled');
    }
    const early = next(NO_HISTORY, { type: 'cancelled', id: goal().id }, 1);
    expect(next(early, { type: 'assigned', goal: goal() }, 2)).toBe(early);
    const { history: trying } = run(
      good()
        .slice(0, 5)
        .map((event) => ({ event, ms: 1 })),
    );
    expect(next(trying, { type: 'cancelled', id: goal().id }, 9).progress.state).toBe('trying');
  });

  it('goes its way and no other', () => {
    const { history } = run(good().map((event) => ({ event, ms: 1 })));
    expect(history.progress).toMatchObject({ state: 'confirmed', slot: 's', attempts: 1 });
    fc.assert(
      fc.property(steps, (path) => {
        const { history: some, now } = run(path);
        const state = next(some, { type: 'trying' }, now).progress.state;
        if (state === 'trying') expect(['draining', 'trying']).toContain(some.progress.state);
      }),
    );
  });

  it('begins a goal anew a few times, and remembers no more ids than it must', () => {
    let history = next(NO_HISTORY, { type: 'assigned', goal: goal() }, 1);
    for (let start = 1; start <= ATTEMPTS; start += 1) {
      expect(history.progress).toMatchObject({ state: 'assigned', attempts: start });
      history = next(history, { type: 'began' }, start + 1);
    }
    expect(history.progress).toMatchObject({ state: 'failed', reason: 'begun_too_often' });
    for (let i = 0; i < 2 * SEEN; i += 1) history = next(history, { type: 'cancelled', id: `${i}` }, i);
    expect(history.seen).toHaveLength(SEEN);
  });

  it('takes a verdict that comes after a day without one', () => {
    const { history } = run(
      good()
        .slice(0, 5)
        .map((event) => ({ event, ms: 1 })),
    );
    const undecided = next(history, { type: 'clock' }, history.progress.until);
    expect(undecided.progress).toMatchObject({ state: 'failed', reason: 'undecided' });
    const late = history.progress.until + 5;
    expect(next(undecided, { type: 'confirmed', ...why }, late).progress.state).toBe('confirmed');
    expect(next(undecided, { type: 'rolled-back', ...why, lines: [] }, late).progress.state).toBe(
      'rolled-back',
    );
    const { history: failed } = run(
      [...good().slice(0, 3), { type: 'failed', ...why } as const].map((event) => ({ event, ms: 1 })),
    );
    expect(next(failed, { type: 'confirmed', ...why }, 99)).toBe(failed);
  });

  it('takes a newer goal before the drain, and none during the swap', () => {
    const other = goal({ id: 'bb'.repeat(16), version: '1.2.0' });
    const { history } = run(
      good()
        .slice(0, 3)
        .map((event) => ({ event, ms: 1 })),
    );
    expect(next(history, { type: 'assigned', goal: other }, 9).progress.goal).toBe(other);
    const { history: draining } = run(
      good()
        .slice(0, 4)
        .map((event) => ({ event, ms: 1 })),
    );
    expect(next(draining, { type: 'assigned', goal: other }, 9)).toBe(draining);
  });

  it('ends by the deadline of its goal, except while it tries', () => {
    const short = goal({ deadline: 5_000 });
    const { history } = run([{ event: { type: 'assigned', goal: short }, ms: 1 }]);
    expect(history.progress.until).toBe(5_000);
    const { history: late } = run([{ event: { type: 'assigned', goal: short }, ms: 6_000 }]);
    expect(next(late, { type: 'clock' }, 6_001).progress.state).toBe('failed');
  });
});
