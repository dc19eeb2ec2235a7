import { type SigningKey, toHex } from '@stoa/protocol';
import { nodeCrypto } from '@stoa/protocol/node';
import { challengeBytes, challengeText, type PayoutChallenge } from '@stoa/protocol/stoicism';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { neededKeys, readGuard, readSignatures, signersOf } from './keyset.ts';
import { blake2b256, owningChain } from './owning-chain.ts';
import type { Proof } from './proof-store.ts';
import { recheck } from './recheck.ts';
import type { Signed } from './schema.ts';

const KEYS: readonly SigningKey[] = [1, 2, 3, 4].map((n) =>
  nodeCrypto.signingKey(new Uint8Array(32).fill(n)),
);
const publicOf = (key: SigningKey) => toHex(key.publicKey);
const challenge: PayoutChallenge = {
  ...{ account: `k:${'a'.repeat(64)}`, email: 'ann@x.example', region: 'eu' },
  ...{ nonce: '0f'.repeat(16), expiresAt: 1_764_000_000 },
};
const verify = (publicKey: Uint8Array) => nodeCrypto.verifier(publicKey);
const signed = (key: SigningKey, by = challenge, pasted = false) =>
  toHex(key.sign(challengeBytes(by)[pasted ? 1 : 0]!));
const guard = (pred: string, keys: readonly unknown[]) => readGuard({ pred, keys });

describe('a keyset', () => {
  it('is met by as many distinct keys as its predicate takes, whoever else signs, and however often', () => {
    const some = fc.subarray([0, 1, 2, 3], { minLength: 1 });
    fc.assert(
      fc.property(
        some,
        fc.array(fc.nat(3), { maxLength: 6 }),
        fc.constantFrom('keys-all', 'keys-any', 'keys-2'),
        (held, by, pred) => {
          const verdict = guard(
            pred,
            held.map((i) => publicOf(KEYS[i]!)),
          );
          if (!verdict.ok) {
            expect([pred, held.length]).toEqual(['keys-2', 1]);
            return;
          }
          const signatures = by.map((i, n) => signed(KEYS[i]!, challenge, n % 2 === 0));
          const found = signersOf(challenge, { keys: verdict.keyset.keys, signatures, verify });
          const distinct = new Set(by.filter((i) => held.includes(i)));
          expect(new Set(found.map(({ key }) => key)).size).toBe(distinct.size);
          const wanted = { 'keys-all': held.length, 'keys-any': 1, 'keys-2': 2 }[pred];
          expect(found.length >= neededKeys(verdict.keyset)).toBe(distinct.size >= wanted);
        },
      ),
      { numRuns: 40 },
    );
  });

  it.each(['account', 'email', 'region', 'nonce', 'expiresAt'] as const)(
    'is not met by a signature for another %s',
    (field) => {
      const other = {
        ...challenge,
        [field]: field === 'expiresAt' ? challenge.expiresAt + 1 : `${challenge[field]}x`,
      };
      const keys = [publicOf(KEYS[0]!)];
      expect(signersOf(challenge, { keys, signatures: [signed(KEYS[0]!, other)], verify })).toEqual([]);
    },
  );

  it.each([
    [null, /no guard/],
    [{ keysetref: { ns: 'free', ksn: 'x' } }, /something else than keys/],
    [{ cgName: 'coin.GAS' }, /something else than keys/],
    [{ pred: 'free.mine.always', keys: ['a'.repeat(64)] }, /counted by 'free\.mine\.always'/],
    [{ pred: 'keys-all', keys: [] }, /0 keys/],
    [{ pred: 'keys-any', keys: ['WEBAUTHN-a5'] }, /not one of Ed25519/],
    [{ pred: 'keys-any', keys: [`01${'00'.repeat(31)}`] }, /not one of Ed25519/],
    [{ pred: 'toString', keys: [publicOf(KEYS[0]!)] }, /counted by/],
    [{ pred: 'keys-all', keys: [publicOf(KEYS[0]!), publicOf(KEYS[0]!)] }, /more keys than it has/],
  ])('%j is no guard to sign for', (data, why) => {
    const verdict = readGuard(data);
    expect(verdict.ok ? 'taken' : verdict.why).toMatch(why);
  });

  it('is met by what is kept of a proof only where the signatures hold, each of another key', async () => {
    const keys = [publicOf(KEYS[0]!), publicOf(KEYS[1]!)];
    const [text, account] = [challengeText(challenge), challenge.account];
    const by = ({ key, from = challenge }: { key: number; from?: PayoutChallenge }) => ({
      key: keys[key]!,
      signature: signed(KEYS[key]!, from),
    });
    const guards = {
      guardOf: async () => ({ keyset: { pred: 'keys-2', keys }, from: 'chain', saidBy: [] }) as const,
    };
    const holds = async (signatures: readonly Signed[], email = challenge.email) => {
      const kept = { accountId: '', email, nonce: challenge.nonce, challenge: text, signatures };
      const proof: Proof = {
        ...kept,
        ...{ guard: { pred: 'keys-2', keys }, guardFrom: 'chain', saidBy: [], provenAt: 0, fromHour: 0 },
      };
      return (await recheck(account, proof, { guards, verify })).holds;
    };
    const forged = { key: keys[1]!, signature: '00'.repeat(64) };
    const other = by({ key: 1, from: { ...challenge, nonce: 'ab'.repeat(16) } });
    expect(await holds([by({ key: 0 }), by({ key: 1 })])).toBe(true);
    for (const second of [by({ key: 0 }), forged, other])
      expect(await holds([by({ key: 0 }), second])).toBe(false);
    expect(await holds([by({ key: 0 }), by({ key: 1 })], 'bob@x.example')).toBe(false);
  });

  it('reads signatures however they are pasted, and nothing else', () => {
    const [one, two] = [signed(KEYS[0]!), signed(KEYS[1]!)];
    expect(readSignatures(` ${one.toUpperCase()},\n${two}\n`)).toEqual([one, two]);
    for (const text of ['', 'x', one.slice(1), `${one}0`, Array.from({ length: 17 }, () => one).join(' ')])
      expect(readSignatures(text)).toBeUndefined();
  });
});

it('accounts are at home on one of ten chains, by the first two bytes of BLAKE2b-256 (domain.md)', () => {
  // RFC 7693 gives BLAKE2b-512 only; this is the digest of 'abc' at 256 bits.
  expect(toHex(blake2b256(new TextEncoder().encode('abc')))).toBe(
    'bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319',
  );
  const [high, low] = blake2b256(new TextEncoder().encode('k:abc'));
  expect(owningChain('k:abc')).toBe((high! * 256 + low!) % 10);
});
