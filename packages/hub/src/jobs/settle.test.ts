import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HeldJob, linkOf, settle } from './settle.ts';
import { isOver, JOB_STATES } from './state.ts';

const held = (over: Partial<HeldJob> = {}): HeldJob => ({
  ...{
    state: 'running',
    attempt: 1,
    maxAttempts: 3,
    fencingToken: 7,
    idempotent: true,
    cancelWanted: undefined,
  },
  ...over,
});
const told = (over: Partial<Parameters<typeof settle>[1]> = {}) => ({
  ...{ attempt: 1, fencingToken: 7, outcome: 'succeeded' as const, code: '', message: '' },
  ...over,
});

describe('a result', () => {
  it('F22 of an older lease is late, as is one for a job that has ended or is not there', () => {
    expect(settle(held(), told({ fencingToken: 6 }))).toBeUndefined();
    expect(settle(held(), told({ attempt: 2 }))).toBeUndefined();
    expect(settle(held({ state: 'dead' }), told())).toBeUndefined();
    expect(settle(held({ state: 'queued', fencingToken: undefined }), told())).toBeUndefined();
    expect(settle(undefined, told())).toBeUndefined();
  });

  it('of a lease that goes out again, having been acknowledged by nobody, counts', () => {
    expect(settle(held({ state: 'queued' }), told())).toMatchObject({ state: 'succeeded' });
  });

  it('of a job whose fate was unknown is its fate', () => {
    expect(settle(held({ state: 'unknown', idempotent: false }), told())).toMatchObject({
      state: 'succeeded',
    });
  });

  it('that is an interruption is tried again where that is the same as trying once, while attempts are left', () => {
    const interrupted = told({ outcome: 'interrupted', message: 'killed' });
    expect(settle(held(), interrupted)).toMatchObject({ state: 'queued' });
    expect(settle(held({ attempt: 3 }), told({ ...interrupted, attempt: 3 }))).toMatchObject({
      state: 'dead',
    });
    expect(settle(held({ idempotent: false }), interrupted)).toMatchObject({
      state: 'failed',
      code: 'interrupted',
    });
    expect(settle(held({ cancelWanted: 'x' }), interrupted)).toMatchObject({ state: 'cancelled' });
  });

  it('ends its job or queues it anew, and says a code wherever it did not succeed', () => {
    const outcomes = fc.constantFrom('succeeded', 'failed', 'cancelled', 'refused', 'interrupted');
    const jobs = fc.record({
      state: fc.constantFrom(...JOB_STATES),
      attempt: fc.integer({ min: 1, max: 4 }),
      maxAttempts: fc.integer({ min: 1, max: 3 }),
      fencingToken: fc.constantFrom(6, 7),
      idempotent: fc.boolean(),
      cancelWanted: fc.option(fc.constant('why'), { nil: undefined }),
    });
    fc.assert(
      fc.property(jobs, outcomes, (job, outcome) => {
        const settled = settle(job, told({ outcome, attempt: job.attempt }));
        expect(settled !== undefined).toBe(!isOver(job.state) && job.fencingToken === 7);
        if (settled === undefined) return;
        expect(isOver(settled.state) || (settled.state === 'queued' && job.idempotent)).toBe(true);
        if (isOver(settled.state)) expect(settled.code === '').toBe(settled.state === 'succeeded');
      }),
    );
  });
});

describe('the chain of a node’s results', () => {
  it('follows, leaves a gap, or shows a second history', () => {
    const tip = { number: 4, hash: 'aa' };
    expect(linkOf(tip, { number: 5, previous: 'aa' })).toBe('follows');
    expect(linkOf({ number: 0, hash: undefined }, { number: 1, previous: '00' })).toBe('follows');
    expect(linkOf(tip, { number: 7, previous: 'bb' })).toBe('gap');
    expect(linkOf(tip, { number: 5, previous: 'bb' })).toBe('conflict');
    expect(linkOf(tip, { number: 4, previous: 'aa' })).toBe('conflict');
  });
});
