import { describe, expect, it } from 'vitest';
import { decode, encode } from '../codec/codec.ts';
import { portableCrypto } from '../crypto/portable.ts';
import { begin, makeParties } from '../fixtures/parties.ts';
import { type EnrolClaim, enrolRequest, makeEnrolRequest, verifyEnrolRequest } from './enrolment.ts';

const parties = makeParties('enrolment');
const { crypto, random, keys } = parties;
const { transcript } = begin(parties, 'enrol').offer;

function claim(change: Partial<EnrolClaim> = {}): EnrolClaim {
  const facts = { hostname: 'host', platform: 'linux x64', agentVersion: '0.1.0', chainwebVersion: '' };
  return { tokenId: random(16), tokenSecret: random(32), publicKey: keys.node.publicKey, facts, ...change };
}

function code(expected: string): unknown {
  return expect.objectContaining({ code: expected });
}

describe('the proof of an enrolment', () => {
  it('shows the key that it brings, to both implementations, over the wire', () => {
    const made = makeEnrolRequest(claim(), transcript, { key: keys.node, crypto });
    const received = decode(enrolRequest, encode(enrolRequest, made));
    expect(() => verifyEnrolRequest(received, transcript, crypto)).not.toThrow();
    expect(() => verifyEnrolRequest(received, transcript, portableCrypto)).not.toThrow();
  });

  it('holds for one exchange with one hub', () => {
    const made = makeEnrolRequest(claim(), transcript, { key: keys.node, crypto });
    const other = begin(parties, 'enrol').offer.transcript;
    expect(() => verifyEnrolRequest(made, other, crypto)).toThrow(code('bad_signature'));
  });

  it('covers the token, the key and the facts', () => {
    const made = makeEnrolRequest(claim(), transcript, { key: keys.node, crypto });
    const changes: Partial<EnrolClaim>[] = [
      { tokenId: random(16) },
      { tokenSecret: random(32) },
      { publicKey: keys.instance.publicKey },
      { facts: { ...made.claim.facts, hostname: 'other' } },
    ];
    for (const change of changes)
      expect(() =>
        verifyEnrolRequest({ ...made, claim: { ...made.claim, ...change } }, transcript, crypto),
      ).toThrow(code('bad_signature'));
  });

  it('is not one that another key made', () => {
    const made = makeEnrolRequest(claim(), transcript, { key: keys.instance, crypto });
    expect(() => verifyEnrolRequest(made, transcript, crypto)).toThrow(code('bad_signature'));
  });

  it('does not bring in a weak key', () => {
    const publicKey = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
    const proof = Uint8Array.from({ length: 64 }, (_, i) => (i === 0 ? 1 : 0));
    expect(() => verifyEnrolRequest({ claim: claim({ publicKey }), proof }, transcript, crypto)).toThrow(
      code('bad_public_key'),
    );
  });
});
