import { describe, expect, it } from 'vitest';
import { makePatient } from '#doctor/patient.fixture.ts';
import { findingOf, STALE_MS, UPDATE_CHECKS } from '#doctor/update-checks.ts';
import { makeUpdate } from '#status/snapshot.fixture.ts';

const { at } = makeUpdate();
const DAY = 24 * 3_600_000;

describe('what the doctor says of updates', () => {
  it.each([
    ['a node that is current', {}, 'ok', 'it was assigned'],
    ['one that is updated by hand', { byHand: true, why: 'by hand' }, 'skip', 'by hand'],
    ['F17 one without a fresh timestamp for a week', { timestampAt: at - STALE_MS - 1 }, 'fail', '7 days'],
    ['one that only updates', { updateOnly: true }, 'fail', '1.2.3'],
    ['one that takes releases of development', { development: true }, 'warn', 'development keys'],
    ['wishes that rotted', { wishesFault: 'torn' }, 'warn', 'torn'],
    [
      'F35 a version that was rolled back',
      { state: 'rolled-back', why: '1.3.0 was rolled back' },
      'warn',
      '1.3.0',
    ],
    ['one that has seen no release', { timestampAt: 0 }, 'warn', `root 1, ${'ab'.repeat(32)}`],
    ['F17 metadata that ends within a month', { metadataUntil: at + 29 * DAY }, 'warn', 'ends on 2026-12-24'],
  ] as const)('of %s', (_name, over, result, why) => {
    const finding = findingOf(makeUpdate(over));
    expect(finding).toMatchObject({ result, why: expect.stringContaining(why) });
    expect(finding.fix === undefined).toBe(result === 'ok' || result === 'skip');
  });

  it('is nothing where no agent runs', async () => {
    const [check] = UPDATE_CHECKS;
    expect(await check!.run(makePatient(), new AbortController().signal)).toMatchObject({ result: 'skip' });
  });
});
