import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  agreed,
  type BatchView,
  clearsChain,
  FINAL_DEPTH,
  MOST_ATTEMPTS,
  type Move,
  observed,
  resumed,
  retried,
  SETTLED_DEPTH,
} from './batch-state.ts';
import { BLOCK_SECONDS, ModelChain } from './model-chain.fixture.ts';

/** Short, so that many a schedule outlives it: ten blocks. */
const TTL = 300;

class Killed extends Error {}

/** A sequencer of one batch: what it wrote outlives it, what it was about to do does not. */
class Sweep {
  standing: Move = { state: 'planned', attempt: 0 };
  /** Signed bytes by attempt, with their end. The signer gives the same again. */
  readonly signed = new Map<number, { key: string; expiresAt: number }>();
  readonly signer = new Map<number, { key: string; expiresAt: number }>();
  readonly chain: ModelChain;

  constructor(chain: ModelChain) {
    this.chain = chain;
  }

  /** @param kill dies before so many of the next acts and writes; 0: lives. */
  tick(kill = 0): void {
    let left = kill;
    const step = <T>(act: () => T): T => {
      left -= 1;
      if (left === 0) throw new Killed();
      return act();
    };
    const write = (move: Move) => step(() => (this.standing = move));
    try {
      this.#look(write);
      if (this.standing.state === 'absent') write(retried(this.standing));
      if (this.standing.state === 'planned') this.#sign(step, write);
      if (this.standing.state === 'signed') write({ ...this.standing, state: 'sent' });
      const bytes = this.signed.get(this.standing.attempt);
      if (this.standing.state === 'sent') step(() => this.chain.send(bytes!.key, bytes!.expiresAt));
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
  }

  #look(write: (move: Move) => void): void {
    if (this.signed.size === 0) return;
    const all = [...this.signed.values()];
    const expiresAt = Math.max(...all.map((one) => one.expiresAt));
    write(observed(this.standing, this.chain.view(all.map(({ key }) => key)), { expiresAt }));
  }

  #sign(step: <T>(act: () => T) => T, write: (move: Move) => void): void {
    const { attempt } = this.standing;
    const answer = step(() => {
      const held = this.signer.get(attempt);
      const made = held ?? { key: `attempt ${attempt}`, expiresAt: this.chain.now - 30 + TTL };
      this.signer.set(attempt, made);
      return made;
    });
    step(() => this.signed.set(attempt, answer));
    write({ state: 'signed', attempt });
  }
}

type Event =
  | { readonly do: 'tick'; readonly kill: number }
  | { readonly do: 'mine'; readonly blocks: number; readonly includes: boolean }
  | { readonly do: 'stall'; readonly seconds: number }
  | { readonly do: 'lose' }
  | {
      readonly do: 'fork';
      readonly depth: number;
      readonly keeps: boolean;
      readonly includes: boolean;
      readonly seconds: number;
    };

const event = (deepest: number): fc.Arbitrary<Event> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('tick' as const), kill: fc.nat(6) }) },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('mine' as const),
        blocks: fc.integer({ min: 1, max: 12 }),
        includes: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('stall' as const), seconds: fc.nat(2 * TTL) }) },
    { weight: 1, arbitrary: fc.constant({ do: 'lose' as const }) },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('fork' as const),
        depth: fc.integer({ min: 1, max: deepest }),
        keeps: fc.boolean(),
        includes: fc.boolean(),
        seconds: fc.constantFrom(1, BLOCK_SECONDS, 300),
      }),
    },
  );

function happen(one: Event, sweep: Sweep): void {
  const { chain } = sweep;
  if (one.do === 'tick') sweep.tick(one.kill);
  else if (one.do === 'stall') chain.mine(false, one.seconds + 1);
  else if (one.do === 'lose') chain.losePool();
  else if (one.do === 'fork') chain.fork(one.depth, one);
  else for (let i = 0; i < one.blocks; i += 1) chain.mine(one.includes);
}

/** All is well from here on. */
function heal(sweep: Sweep): void {
  for (let block = 0; block < 4 * SETTLED_DEPTH; block += 1) {
    sweep.tick();
    sweep.chain.mine(true);
  }
  sweep.tick();
}

describe('a batch', () => {
  it('is applied exactly once and settled, or a person is paged, whatever is killed, lost or forked 20 deep', () => {
    fc.assert(
      fc.property(fc.array(event(20), { maxLength: 60 }), (events) => {
        const sweep = new Sweep(new ModelChain());
        for (const one of events) happen(one, sweep);
        heal(sweep);
        if (sweep.standing.state === 'stopped') {
          expect(sweep.standing).toEqual({
            state: 'stopped',
            attempt: MOST_ATTEMPTS - 1,
            reason: 'attempts_spent',
          });
          expect(sweep.chain.inclusions).toBe(0);
        } else {
          expect(sweep.standing.state).toBe('settled');
          expect(sweep.chain.inclusions).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is in no two blocks, without any help of the contract, where forks are no deeper than what counts as final', () => {
    fc.assert(
      fc.property(fc.array(event(FINAL_DEPTH), { maxLength: 60 }), (events) => {
        const sweep = new Sweep(new ModelChain());
        for (const one of events) {
          happen(one, sweep);
          expect(sweep.chain.inclusions).toBeLessThanOrEqual(1);
        }
        heal(sweep);
        expect(sweep.chain.inclusions).toBe(sweep.standing.state === 'settled' ? 1 : 0);
      }),
      { numRuns: 500 },
    );
  });
});

describe('an enrolment whose attempts are spent', () => {
  it('is in no two blocks, without any help of the contract, by as many words of people as it takes', () => {
    fc.assert(
      fc.property(fc.array(event(FINAL_DEPTH), { maxLength: 80 }), (events) => {
        const sweep = new Sweep(new ModelChain());
        const word = () => {
          const { state, attempt, reason = '' } = sweep.standing;
          const to = state === 'stopped' ? resumed({ kind: 'enrol', attempt, reason }) : undefined;
          if (to !== undefined) sweep.standing = to;
        };
        for (const one of events) {
          happen(one, sweep);
          word();
          expect(sweep.chain.inclusions).toBeLessThanOrEqual(1);
        }
        word();
        heal(sweep);
        word();
        heal(sweep);
        expect(sweep.standing.state).toBe('settled');
        expect(sweep.chain.inclusions).toBe(1);
      }),
      { numRuns: 300 },
    );
  });
});

describe('what the chain says', () => {
  const far = { deepTime: 0, deepHeight: 0 };
  const view: BatchView = { ...far, mark: 'none', settledMark: 'none', tip: 'absent', deep: 'absent' };
  const sent = { state: 'sent', attempt: 2 } as const;
  const by = { expiresAt: 1_000 };

  it('declares a batch dead by the time of the block at depth, and never for a bad list', () => {
    expect(observed(sent, { ...view, deepTime: 999 }, by).state).toBe('sent');
    expect(observed(sent, { ...view, deepTime: 1_000 }, by).state).toBe('absent');
    expect(observed(sent, { ...view, deepTime: 999, tip: 'badlisted', deep: 'badlisted' }, by).state).toBe(
      'sent',
    );
    expect(observed(sent, { ...view, deepTime: 1_000, tip: 'applied' }, by).state).toBe('mined');
  });

  it('stops for a failure once it is final, and for content that is not ours; a person decides', () => {
    expect(observed(sent, { ...view, tip: 'failed' }, by).state).toBe('sent');
    expect(observed(sent, { ...view, deepTime: 5_000, tip: 'failed', deep: 'failed' }, by)).toEqual({
      ...{ state: 'stopped', attempt: 2, reason: 'failed' },
    });
    expect(observed(sent, { ...view, mark: 'other' }, by)).toMatchObject({ reason: 'other_content' });
    const stopped = { state: 'stopped', attempt: 2 } as const;
    expect(observed(stopped, { ...view, mark: 'ours' }, by)).toBe(stopped);
  });

  it('goes on at a person’s word: after a failure with the next attempt, after other content with another look', () => {
    expect(resumed({ kind: 'mint', attempt: 1, reason: 'failed' })).toEqual({ state: 'planned', attempt: 2 });
    expect(resumed({ kind: 'mint', attempt: MOST_ATTEMPTS - 1, reason: 'failed' })).toBeUndefined();
    expect(resumed({ kind: 'open', attempt: 4, reason: 'attempts_spent' })).toBeUndefined();
    expect(resumed({ kind: 'mint', attempt: 1, reason: 'other_content' })).toEqual({
      ...{ state: 'sent', attempt: 1 },
    });
  });

  it.each(['enrol', 'close'] as const)(
    'goes on with %s, five attempts at a word, as far as a command has room',
    (kind) => {
      const spent = { kind, reason: 'attempts_spent' };
      expect(resumed({ ...spent, attempt: 4 })).toEqual({ state: 'planned', attempt: 5 });
      expect(resumed({ ...spent, reason: 'failed', attempt: 4 })).toEqual({ state: 'planned', attempt: 5 });
      expect(retried({ state: 'absent', attempt: 8 })).toEqual({ state: 'planned', attempt: 9 });
      expect(retried({ state: 'absent', attempt: 9 })).toMatchObject({ reason: 'attempts_spent' });
      expect(resumed({ ...spent, attempt: 99 })).toBeUndefined();
    },
  );

  it('takes mined and final back where a reorganisation did, and settled never', () => {
    for (const state of ['mined', 'final'] as const) {
      expect(observed({ state, attempt: 1 }, view, by)).toEqual({ state: 'sent', attempt: 1 });
      expect(observed({ state, attempt: 1 }, { ...view, deepTime: 1_000 }, by).state).toBe('absent');
    }
    expect(observed({ state: 'settled', attempt: 1 }, view, by).state).toBe('settled');
  });

  it('ends after five attempts with a person', () => {
    expect(retried({ state: 'absent', attempt: 3 })).toEqual({ state: 'planned', attempt: 4 });
    expect(retried({ state: 'absent', attempt: 4 })).toMatchObject({ reason: 'attempts_spent' });
  });

  it('counts where a quorum of nodes says it, with times and heights that so many reach', () => {
    const mined: BatchView = { ...view, tip: 'applied' };
    expect(agreed([view], 2)).toBeUndefined();
    expect(agreed([view, mined], 2)).toBeUndefined();
    expect(agreed([view, mined, { ...mined, deepTime: 7 }], 2)).toEqual(mined);
    const of = (deepTime: number, deepHeight: number): BatchView => ({ ...mined, deepTime, deepHeight });
    expect(agreed([of(9e15, 9e15), of(60, 2), of(30, 1)], 2)).toEqual(of(60, 2));
    expect(agreed([of(0, 0), of(60, 2), of(30, 1)], 2)).toEqual(of(30, 1));
    expect(agreed([view, view, mined, mined, mined], 3)).toEqual(mined);
  });

  it('lets the next transaction of a chain go once this one is in a block', () => {
    const clear = ['planned', 'signed', 'sent', 'absent', 'stopped', 'mined', 'final', 'settled'] as const;
    expect(clear.filter((state) => clearsChain({ state, attempt: 1 }))).toEqual([
      'mined',
      'final',
      'settled',
    ]);
  });
});
