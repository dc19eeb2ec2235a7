import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AT_REST,
  isAtRest,
  isOpen,
  type Notice,
  type Sight,
  type Standing,
  type Step,
  step,
} from './machine.ts';

const MINUTE = 60_000;
const TIMING = { delayMs: 5 * MINUTE, clearMs: MINUTE, remindMs: 60 * MINUTE };
const T0 = Date.UTC(2026, 10, 25);

const sight = (over: Partial<Sight> & { minute: number }): Sight => ({
  now: T0 + over.minute * MINUTE,
  holds: true,
  since: T0,
  first: false,
  mutedUntil: undefined,
  timing: TIMING,
  ...over,
});

/** Runs the sights in order. @returns the notices, each with its minute. */
function run(...sights: (Partial<Sight> & { minute: number })[]) {
  let standing: Standing = AT_REST;
  const notices: [number, string][] = [];
  for (const each of sights) {
    const made = step(standing, sight(each));
    standing = made.standing;
    if (made.notice !== undefined) notices.push([each.minute, made.notice]);
  }
  return { standing, notices };
}

describe('an alert', () => {
  it('fires after its delay, counted from when the condition began, and recovers after a minute without it', () => {
    const { notices } = run(
      { minute: 2 },
      { minute: 4 },
      { minute: 5 },
      { minute: 6 },
      { minute: 7, holds: false },
      { minute: 8, holds: false },
    );
    expect(notices).toEqual([
      [5, 'firing'],
      [8, 'recovered'],
    ]);
  });

  it('is silent where what it tells was there at first sight, and its end is silent too', () => {
    const made = run({ minute: 30, first: true }, { minute: 90 });
    expect([made.notices, isOpen(made.standing)]).toEqual([[], true]);
    const over = run({ minute: 30, first: true }, { minute: 90, holds: false }, { minute: 91, holds: false });
    expect([over.notices, isAtRest(over.standing)]).toEqual([[], true]);
  });

  it('is not told of a condition that comes and goes within the delay', () => {
    expect(
      run({ minute: 1 }, { minute: 2, holds: false }, { minute: 6, since: T0 + 6 * MINUTE }, { minute: 7 })
        .notices,
    ).toEqual([]);
  });

  it('does not recover for a gap shorter than a minute', () => {
    const { notices } = run({ minute: 5 }, { minute: 6, holds: false }, { minute: 6.5 }, { minute: 9 });
    expect(notices).toEqual([[5, 'firing']]);
  });

  it('is told again while it stays', () => {
    const { notices } = run({ minute: 5 }, { minute: 64 }, { minute: 65 }, { minute: 66 });
    expect(notices).toEqual([
      [5, 'firing'],
      [65, 'reminder'],
    ]);
  });

  it('that opens and ends in a mute is not told; one that outlasts it is told at its end', () => {
    const mutedUntil = T0 + 20 * MINUTE;
    const muted = (minute: number, holds = true) => ({ minute, holds, mutedUntil });
    expect(run(muted(5), muted(10, false), muted(11, false), { minute: 21, holds: false }).notices).toEqual(
      [],
    );
    expect(run(muted(5), muted(10), { minute: 20 }).notices).toEqual([[20, 'firing']]);
  });

  it('whose recovery is held back is not at rest for a rule that looks anew', () => {
    const told: Standing = { phase: 'quiet', since: T0, told: true, silent: false, remindAt: undefined };
    const { standing } = step(told, sight({ minute: 5, first: true }));
    expect(standing).toMatchObject({ phase: 'firing', told: true, silent: false });
  });

  it('told before a mute has its recovery told after it', () => {
    const mutedUntil = T0 + 20 * MINUTE;
    const made = run(
      { minute: 5 },
      { minute: 10, holds: false, mutedUntil },
      { minute: 11, holds: false, mutedUntil },
      { minute: 20, holds: false },
    );
    expect(made.notices).toEqual([
      [5, 'firing'],
      [20, 'recovered'],
    ]);
    expect(isAtRest(made.standing)).toBe(true);
  });
});

/** What an owner may expect, worked out from the whole past, without any phase. */
interface Model {
  now: number;
  holds: boolean;
  /** Since when the condition holds, or doesn't, without a break. */
  since: number;
  mutedUntil: number;
  /** What the notices so far make the owner believe. */
  believed: boolean;
  /** The stretch that was seen at first sight and is not over. */
  baseline: boolean;
  seen: boolean;
  open: boolean;
  lastTold: number;
}

interface Real {
  standing: Standing;
  dueAt: number | undefined;
}

function look(model: Model, real: Real): Pick<Step, 'change' | 'notice'> {
  const before = real.standing;
  const first = !model.seen;
  const { now, holds, since, mutedUntil } = model;
  const made = step(before, { now, holds, since, first, mutedUntil, timing: TIMING });
  real.standing = made.standing;
  real.dueAt = made.dueAt;
  expect(made.change).toBe(judge(model));
  expect(isOpen(made.standing)).toBe(model.open);
  if (mutedUntil > now) {
    expect([made.notice, made.standing.told]).toEqual([undefined, before.told]);
  } else {
    hear(model, made.notice);
    expect(made.standing.told).toBe(model.believed);
  }
  return { change: made.change, notice: made.notice };
}

/** Whether it is open now, by the length of the stretch alone. @returns what that changed. */
function judge(model: Model): 'firing' | 'recovered' | undefined {
  const { now, holds, since } = model;
  const wasOpen = model.open;
  if (holds && !model.seen) model.baseline = true;
  model.seen = true;
  if (holds && (model.baseline || now - since >= TIMING.delayMs)) model.open = true;
  if (!holds && now - since >= TIMING.clearMs) {
    model.open = false;
    model.baseline = false;
  }
  if (model.open === wasOpen) return undefined;
  return model.open ? 'firing' : 'recovered';
}

function hear(model: Model, notice: Notice | undefined): void {
  const { now, holds, open, baseline, believed, lastTold } = model;
  if (notice !== undefined) {
    // None doubled; recovery only of what was told to fire.
    expect(believed).toBe(notice !== 'firing');
    if (notice === 'reminder') expect(now - lastTold).toBeGreaterThanOrEqual(TIMING.remindMs);
    model.believed = notice !== 'recovered';
    model.lastTold = now;
  }
  // None lost: what is believed is what is, but for what was there at first sight.
  if (holds && open) expect(model.believed).toBe(!baseline);
  if (!open) expect(model.believed).toBe(false);
}

class Turn implements fc.Command<Model, Real> {
  readonly #holds: boolean;
  constructor(holds: boolean) {
    this.#holds = holds;
  }
  check = (): boolean => true;
  run(model: Model, real: Real): void {
    if (model.holds !== this.#holds) {
      model.holds = this.#holds;
      model.since = model.now;
    }
    look(model, real);
  }
  toString = (): string => (this.#holds ? 'begins' : 'ends');
}

class Pass implements fc.Command<Model, Real> {
  readonly #ms: number;
  constructor(ms: number) {
    this.#ms = ms;
  }
  check = (): boolean => true;
  run(model: Model, real: Real): void {
    const until = model.now + this.#ms;
    // The evaluator looks when a machine is due, and at whatever moment else.
    for (let looks = 0; real.dueAt !== undefined && real.dueAt <= until; looks += 1) {
      expect(looks).toBeLessThan(1_000);
      model.now = Math.max(model.now, real.dueAt);
      look(model, real);
    }
    model.now = until;
    // Nothing was left for a moment that nobody named.
    expect(look(model, real)).toEqual({ change: undefined, notice: undefined });
  }
  toString = (): string => `${this.#ms} ms pass`;
}

class Mute implements fc.Command<Model, Real> {
  readonly #ms: number;
  constructor(ms: number) {
    this.#ms = ms;
  }
  check = (): boolean => true;
  run(model: Model, real: Real): void {
    model.mutedUntil = model.now + this.#ms;
    look(model, real);
  }
  toString = (): string => `muted for ${this.#ms} ms`;
}

describe('the machine, over any course of things', () => {
  it('loses no alert, doubles none, recovers only what fired, and forgets nothing in a mute', () => {
    const commands = fc.commands(
      [
        fc.boolean().map((holds) => new Turn(holds)),
        fc.integer({ min: 0, max: 10 * MINUTE }).map((ms) => new Pass(ms)),
        fc.integer({ min: 0, max: 3 * 60 * MINUTE }).map((ms) => new Pass(ms)),
        fc.integer({ min: 0, max: 90 * MINUTE }).map((ms) => new Mute(ms)),
      ],
      { maxCommands: 60 },
    );
    fc.assert(
      fc.property(commands, (script) => {
        const model: Model = {
          ...{ now: T0, holds: false, since: T0 - 60 * MINUTE, mutedUntil: 0, believed: false },
          ...{ baseline: false, seen: false, open: false, lastTold: 0 },
        };
        fc.modelRun(() => ({ model, real: { standing: AT_REST, dueAt: undefined } }), script);
        expect(model.seen || model.open === false).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('never waits for a moment that has passed, so a look when it is due always moves on', () => {
    const standing = fc.record({
      phase: fc.constantFrom('quiet' as const, 'pending' as const, 'firing' as const, 'clearing' as const),
      since: fc.integer({ min: T0 - 30 * MINUTE, max: T0 }),
      told: fc.boolean(),
      silent: fc.boolean(),
      remindAt: fc.option(fc.integer({ min: T0 - 30 * MINUTE, max: T0 + 30 * MINUTE }), { nil: undefined }),
    });
    fc.assert(
      fc.property(
        standing,
        fc.boolean(),
        fc.option(fc.integer({ min: -20, max: 20 }), { nil: undefined }),
        (before, holds, mute) => {
          const mutedUntil = mute === undefined ? undefined : T0 + mute * MINUTE;
          const made = step(before, { now: T0, holds, since: T0, first: false, mutedUntil, timing: TIMING });
          expect(made.dueAt === undefined || made.dueAt > T0).toBe(true);
        },
      ),
    );
  });
});
