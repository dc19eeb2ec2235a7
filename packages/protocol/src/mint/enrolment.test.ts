import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandText, WIDEST_SETTING } from './command.ts';
import { planEnrolments, weighClosing } from './enrolment.ts';
import { MINT_LIMITS } from './limits.ts';
import { enrolmentDigest } from './register.ts';

const TIGHT = { ...MINT_LIMITS, bytes: 2_000, gasLimit: 2_000 };
const names = fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), { maxLength: 60 });

describe('enrolments', () => {
  it('give every account one slot, in their order, without a gap', () => {
    fc.assert(
      fc.property(names, fc.nat({ max: 600_000 }), (accounts, first) => {
        const planned = planEnrolments({ chain: 4, first }, accounts, TIGHT);
        expect(planned.flatMap((enrolment) => enrolment.accounts)).toEqual(accounts);
        let next = first;
        for (const enrolment of planned) {
          expect(enrolment).toMatchObject({
            chain: 4,
            first: next,
            digest: enrolmentDigest(enrolment.accounts),
          });
          next += enrolment.accounts.length;
        }
      }),
    );
  });

  it('count the bytes of their commands exactly, and stay within bounds', () => {
    fc.assert(
      fc.property(names, (accounts) => {
        for (const enrolment of planEnrolments({ chain: 0, first: 0 }, accounts, TIGHT)) {
          const cmd = commandText({ kind: 'enrol', ...enrolment }, WIDEST_SETTING);
          expect(Buffer.byteLength(cmd)).toBe(enrolment.bytes);
          expect(enrolment.bytes).toBeLessThanOrEqual(TIGHT.bytes);
          expect(enrolment.gasLimit).toBeLessThanOrEqual(TIGHT.gasLimit);
        }
      }),
    );
  });

  it('hold 3,000 accounts of a key in one transaction, and 700 of Ouronet', () => {
    const keys = Array.from({ length: 3_000 }, (_, i) => `k:${String(i).padStart(64, '0')}`);
    expect(planEnrolments({ chain: 0, first: 0 }, keys).length).toBe(1);
    const ouronet = Array.from(
      { length: 700 },
      (_, i) => `Ѻ.${'é'.repeat(136)}${String(i).padStart(10, '0')}`,
    );
    expect(planEnrolments({ chain: 0, first: 0 }, ouronet).length).toBe(1);
  });

  it('of an account twice, or of a name that no transaction holds, are refused', () => {
    expect(() => planEnrolments({ chain: 0, first: 0 }, ['k:a', 'k:a'])).toThrow(/an account twice/);
    expect(() => planEnrolments({ chain: 0, first: 0 }, ['x'.repeat(3_000)], TIGHT)).toThrow(
      expect.objectContaining({ code: 'does_not_fit' }),
    );
  });
});

it('the closing of an epoch that is given up is cheap', () => {
  expect(weighClosing(20_783, 1_000_000, [0, 500, 1_000]).gasLimit).toBeLessThan(150);
});
