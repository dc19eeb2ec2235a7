import { describe, expect, it } from 'vitest';
import { nodeCrypto as crypto } from '../crypto/node.ts';
import { begin, makeParties } from '../fixtures/parties.ts';
import { seededRandom } from '../fixtures/random.ts';
import { initialRatchet, maskRatchet, matchRatchet, proveRatchet } from './ratchet.ts';

const random = seededRandom('ratchet');
const transcript = random(32);
const [current, previous, older] = [random(32), random(32), random(32)];
const match = (proof: Uint8Array, before: Uint8Array | undefined = previous) =>
  matchRatchet(proof, { current, previous: before }, { transcript, crypto });

describe('a ratchet proof', () => {
  it('shows the current secret, the one before, or neither', () => {
    expect(match(proveRatchet(current, transcript, crypto))).toBe('current');
    expect(match(proveRatchet(previous, transcript, crypto))).toBe('previous');
    expect(match(proveRatchet(older, transcript, crypto))).toBeUndefined();
    expect(match(new Uint8Array(32))).toBeUndefined();
  });

  it('shows no previous secret where there is none', () => {
    expect(match(proveRatchet(previous, transcript, crypto), undefined)).toBe('previous');
    expect(
      matchRatchet(
        proveRatchet(previous, transcript, crypto),
        { current, previous: undefined },
        { transcript, crypto },
      ),
    ).toBeUndefined();
  });

  it('holds in its own handshake only', () => {
    expect(match(proveRatchet(current, random(32), crypto))).toBeUndefined();
  });

  it('is read by the hub of the handshake that it was made in', () => {
    const parties = makeParties('ratchet');
    const { offer, answer } = begin(parties);
    const received = offer.receive(answer().hello);
    expect(received.ratchet({ current: parties.agent.ratchet, previous: undefined })).toBe('current');
    expect(received.ratchet({ current, previous: parties.agent.ratchet })).toBe('previous');
    expect(received.ratchet({ current, previous })).toBeUndefined();
  });
});

describe('the mask', () => {
  it('undoes itself and changes every secret', () => {
    const mask = random(32);
    expect(maskRatchet(maskRatchet(current, mask), mask)).toEqual(current);
    expect(maskRatchet(current, mask)).not.toEqual(current);
  });
});

describe('the first ratchet', () => {
  it('is the same for a node on both sides, and differs between nodes', () => {
    expect(initialRatchet(current, crypto)).toEqual(initialRatchet(current, crypto));
    expect(initialRatchet(current, crypto)).not.toEqual(initialRatchet(previous, crypto));
  });
});
