import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONTEXT } from '../contexts.ts';
import { challengeBytes, challengeText, HASH_BYTES, type PayoutChallenge } from './payout-challenge.ts';

const challenge: fc.Arbitrary<PayoutChallenge> = fc.record({
  account: fc.stringMatching(/^k:[0-9a-f]{64}$/),
  email: fc.constantFrom('ann@x.example', 'bob@x.example'),
  region: fc.constantFrom('eu', 'na'),
  nonce: fc.stringMatching(/^[0-9a-f]{32}$/),
  expiresAt: fc.integer({ min: 0, max: 4_102_444_800 }),
});

describe('the text that proves an account', () => {
  it('is longer than a hash, and begins as nothing else does that is signed', () => {
    fc.assert(
      fc.property(challenge, (by) => {
        for (const bytes of challengeBytes(by)) expect(bytes.length).toBeGreaterThan(HASH_BYTES);
        const text = challengeText(by);
        expect(Object.values(CONTEXT).filter((context) => text.startsWith(`${context}\0`))).toEqual([]);
      }),
    );
  });

  it('is another one where anything in it is', () => {
    fc.assert(
      fc.property(challenge, challenge, (one, other) => {
        const same = JSON.stringify(one) === JSON.stringify(other);
        expect(challengeText(one) === challengeText(other)).toBe(same);
      }),
    );
    fc.assert(
      fc.property(
        challenge,
        fc.constantFrom('account', 'email', 'region', 'nonce', 'expiresAt'),
        (by, field) => {
          const changed = { ...by, [field]: field === 'expiresAt' ? by.expiresAt + 1 : `${by[field]}0` };
          expect(challengeText(changed)).not.toBe(challengeText(by));
        },
      ),
    );
  });

  it('says its end to the second, in lines that end', () => {
    const by = { account: 'k:00', email: 'a@x', region: 'eu', nonce: 'ab', expiresAt: 1_764_000_000 };
    expect(challengeText(by)).toBe(
      'stoa/v1/payout-account\nI hold the key of this account, and let this person be paid to it. This moves nothing.\n' +
        'account: k:00\nperson: a@x\nregion: eu\nnonce: ab\nexpires: 2025-11-24T16:00:00Z\n',
    );
  });
});
