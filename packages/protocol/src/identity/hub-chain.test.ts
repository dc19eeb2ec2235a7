import { describe, expect, it } from 'vitest';
import { portableCrypto } from '../crypto/portable.ts';
import { makeParties, NOW } from '../fixtures/parties.ts';
import { open, peek, seal } from '../signed.ts';
import {
  peekInstanceCert,
  regionCertKind,
  regionTimeKind,
  verifyHubChain,
  verifyRegionCert,
} from './hub-chain.ts';

const parties = makeParties('hub chain');
const { crypto, keys } = parties;
const { policy } = parties.agent;

function code(expected: string): unknown {
  return expect.objectContaining({ code: expected });
}

// The refusals of a chain as an agent meets them are in handshake.test.ts.
describe('a hub’s chain', () => {
  it('is read alike by both implementations', () => {
    const verified = verifyHubChain(parties.chain, policy, crypto);
    expect(verifyHubChain(parties.chain, policy, portableCrypto)).toEqual(verified);
    expect(verified.instance).toEqual(peekInstanceCert(parties.chain.instance));
  });

  it('is refused after any one byte changed', () => {
    for (const part of ['root', 'region', 'instance'] as const)
      for (let at = 0; at < parties.chain[part].length; at += 1) {
        const bytes = parties.chain[part].slice();
        bytes[at]! ^= 1 << (at % 8);
        expect(() => verifyHubChain({ ...parties.chain, [part]: bytes }, policy, crypto)).toThrow(
          expect.objectContaining({ name: 'ProtocolError' }),
        );
      }
  });

  it('does not pass with a fingerprint that only begins like the root’s', () => {
    for (const rootFingerprint of [
      new Uint8Array(0),
      policy.rootFingerprint.slice(0, 31),
      new Uint8Array(64),
    ])
      expect(() => verifyHubChain(parties.chain, { ...policy, rootFingerprint }, crypto)).toThrow(
        code('wrong_root'),
      );
  });
});

describe('a region certificate', () => {
  it('serves its own role only', () => {
    for (const role of ['instances', 'enrol', 'authority'] as const)
      for (const wanted of ['instances', 'enrol', 'authority'] as const) {
        const verify = () =>
          verifyRegionCert(
            { sealed: parties.regionCert(role), root: keys.root.publicKey, role: wanted },
            policy,
            crypto,
          );
        if (role === wanted) expect(verify()).toEqual(peek(regionCertKind, parties.regionCert(role)));
        else expect(verify).toThrow(code('bad_signature'));
      }
  });
});

describe('the region’s time', () => {
  it('holds under the authority key only', () => {
    const time = { region: 'eu', at: NOW, minInstanceSerial: 4 };
    const sealed = seal(regionTimeKind, time, keys.authority);
    expect(open(regionTimeKind, sealed, crypto, keys.authority.publicKey)).toEqual(time);
    expect(() => open(regionTimeKind, sealed, crypto, keys.instances.publicKey)).toThrow(
      code('bad_signature'),
    );
  });
});
