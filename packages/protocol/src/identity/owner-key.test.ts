import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONTEXT } from '../contexts.ts';
import { portableCrypto } from '../crypto/portable.ts';
import { makeParties } from '../fixtures/parties.ts';
import { seal } from '../signed.ts';
import { type OwnerKeyChange, ownerKeyChangeKind, verifyOwnerKeyChange } from './owner-key.ts';

const { crypto, random } = makeParties('owner keys');
const [held, next, stranger] = [1, 2, 3].map(() => crypto.signingKey(random(32))) as [
  ReturnType<typeof crypto.signingKey>,
  ReturnType<typeof crypto.signingKey>,
  ReturnType<typeof crypto.signingKey>,
];
const standing = { owner: 'a@x.example', region: 'eu', serial: 1, publicKey: held.publicKey };

function change(over: Partial<OwnerKeyChange> = {}): OwnerKeyChange {
  const { owner, region, publicKey } = standing;
  return { owner, region, serial: 2, previous: publicKey, next: next.publicKey, ...over };
}
const sealed = (over?: Partial<OwnerKeyChange>, by = held) => seal(ownerKeyChangeKind, change(over), by);
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('a change of the owner key', () => {
  it('holds under the key before it, by both implementations', () => {
    for (const by of [crypto, portableCrypto])
      expect(verifyOwnerKeyChange(sealed(), standing, by)).toEqual(change());
  });

  it.each([
    ['another owner', { owner: 'b@x.example' }],
    ['another region', { region: 'na' }],
    ['a change that was made already', { serial: 1 }],
    ['a later one', { serial: 3 }],
    ['another key before it', { previous: stranger.publicKey }],
  ])('for %s is none', (_name, over) => {
    expect(() => verifyOwnerKeyChange(sealed(over), standing, crypto)).toThrow(code('bad_signature'));
  });

  it('signed by another key, or in another context, is none', () => {
    expect(() => verifyOwnerKeyChange(sealed({}, stranger), standing, crypto)).toThrow(code('bad_signature'));
    const elsewhere = seal({ ...ownerKeyChangeKind, context: CONTEXT.rotate }, change(), held);
    expect(() => verifyOwnerKeyChange(elsewhere, standing, crypto)).toThrow(code('bad_signature'));
  });

  it('to a weak key is none', () => {
    const weak = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
    expect(() => verifyOwnerKeyChange(sealed({ next: weak }), standing, crypto)).toThrow(
      code('bad_public_key'),
    );
  });

  it('with any bit changed is none', () => {
    const good = sealed();
    fc.assert(
      fc.property(fc.nat(good.length * 8 - 1), (bit) => {
        const bad = good.slice();
        bad[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => verifyOwnerKeyChange(bad, standing, crypto)).toThrow();
      }),
    );
  });
});
