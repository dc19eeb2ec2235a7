import { describe, expect, it } from 'vitest';
import { portableCrypto } from '../crypto/portable.ts';
import { makeParties, NOW } from '../fixtures/parties.ts';
import { type NodeCredential, verifyNodeCredential } from './node-cert.ts';

const parties = makeParties('node certificate');
const { crypto, keys, credential } = parties;
const { policy } = parties.agent;

describe('a node’s credential', () => {
  it('is checked from the root alone, alike in both implementations', () => {
    const cert = verifyNodeCredential(credential, policy, crypto);
    expect(cert).toMatchObject({ nodeId: parties.nodeId, publicKey: keys.node.publicKey, region: 'eu' });
    expect(verifyNodeCredential(credential, policy, portableCrypto)).toEqual(cert);
  });

  const stranger = crypto.signingKey(parties.random(32));
  it.each<[string, Partial<NodeCredential>, Partial<typeof policy>, string]>([
    ['of another root', { root: stranger.publicKey }, {}, 'wrong_root'],
    ['of another region', {}, { region: 'na' }, 'wrong_region'],
    [
      'that names another region than its issuer',
      { node: parties.nodeCert({ region: 'na' }) },
      {},
      'wrong_region',
    ],
    ['signed by the instances key', { node: parties.nodeCert({}, keys.instances) }, {}, 'bad_signature'],
    ['issued by an instances certificate', { region: parties.regionCert('instances') }, {}, 'bad_signature'],
    ['signed by the node itself', { node: parties.nodeCert({}, keys.node) }, {}, 'bad_signature'],
    [
      'whose issuer ended',
      { region: parties.regionCert('enrol', { notAfter: NOW }) },
      {},
      'certificate_expired',
    ],
  ])('%s is refused', (_, change, asked, code) => {
    const policyAsked = { ...policy, ...asked };
    expect(() => verifyNodeCredential({ ...credential, ...change }, policyAsked, crypto)).toThrow(
      expect.objectContaining({ code }),
    );
  });
});
