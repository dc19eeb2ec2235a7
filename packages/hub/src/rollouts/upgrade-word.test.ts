import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JOB_STATES } from '#jobs/index.ts';
import { FAILED, FLYING, SILENT_MS } from './assignment-state.ts';
import { AT_TIP_MS, type UpgradeJob, wordOf } from './upgrade-word.ts';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 10, 26);
const moment = fc.integer({ min: NOW - 40 * HOUR, max: NOW });
const job: fc.Arbitrary<UpgradeJob> = fc.record({
  nodeId: fc.constant('a'),
  place: fc.constantFrom(...FLYING, 'stuck' as const, 'vanished' as const, 'failed' as const),
  assignedAt: moment,
  deadline: fc.integer({ min: NOW - 40 * HOUR, max: NOW + 10 * HOUR }),
  state: fc.constantFrom(...JOB_STATES),
  acked: fc.boolean(),
  code: fc.constantFrom(
    '',
    'deadline',
    'rolled_back',
    'policy_denies',
    'download_failed',
    'attempts_used_up',
  ),
  message: fc.constantFrom('', 'words'),
  attemptsLeft: fc.boolean(),
  endedAt: fc.option(moment, { nil: undefined }),
  runs: fc.boolean(),
  version: fc.constantFrom('', '2.26.1'),
  atTipAt: fc.option(moment, { nil: undefined }),
  lastSeen: fc.option(moment, { nil: undefined }),
});

describe('what a job says of its node', () => {
  it('is that it has the new version only where the job succeeded and the node showed it after that, at the tip', () => {
    fc.assert(
      fc.property(job, fc.boolean(), (one, deaf) => {
        const word = wordOf(one, { now: NOW, deaf });
        const shown = one.state === 'succeeded' && one.runs && (one.atTipAt ?? 0) > (one.endedAt ?? NOW);
        expect(word?.state === 'confirmed').toBe(shown);
      }),
    );
  });

  it('moves a place once: heard again it says nothing new', () => {
    fc.assert(
      fc.property(job, fc.boolean(), (one, deaf) => {
        const word = wordOf(one, { now: NOW, deaf });
        if (word === undefined || word.state === 'confirmed' || word.state === 'waiting') return;
        const again = wordOf({ ...one, place: word.state, deadline: word.deadline }, { now: NOW, deaf });
        expect(again).toBeUndefined();
      }),
    );
  });

  const failing = (say: (one: UpgradeJob, state: string, deaf: boolean) => void) =>
    fc.assert(
      fc.property(job, fc.boolean(), (one, deaf) => {
        const word = wordOf(one, { now: NOW, deaf });
        if (word !== undefined && FAILED.some((state) => state === word.state)) say(one, word.state, deaf);
      }),
      { numRuns: 1_000 },
    );

  it('is no failure where the node took nothing', () => {
    failing(({ state, code }) => expect([state, code]).not.toEqual(['failed', 'policy_denies']));
  });

  it('is no second failure that what was given up on could not begin either', () => {
    failing(({ state, code, place }) =>
      expect([state, code, ['stuck', 'vanished'].includes(place)]).not.toEqual(['failed', 'deadline', true]),
    );
  });

  it('is a failure after a success only once the node had its time, and none while the hub is deaf', () => {
    failing((one, state, deaf) => {
      if (one.state !== 'succeeded') return;
      expect(deaf).toBe(false);
      expect(NOW - (one.endedAt ?? NOW)).toBeGreaterThan(AT_TIP_MS);
      expect(state).toBe((one.lastSeen ?? 0) < NOW - SILENT_MS ? 'vanished' : 'failed');
    });
  });
});
