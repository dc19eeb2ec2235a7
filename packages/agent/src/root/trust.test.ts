import { toHex } from '@stoa/protocol';
import { describe, expect, it } from 'vitest';
import { NODE, OWNER, REGION } from '#root/root.fixture.ts';
import { formatTrust, parseTrust } from '#root/trust.ts';

describe('whom it obeys', () => {
  const pinned = {
    nodeId: toHex(NODE),
    ownerKey: OWNER.publicKey,
    servicePort: '1848',
    p2pPort: '1789',
    instance: 'node-2',
  };
  const trust = {
    rootFingerprint: REGION.rootFingerprint,
    region: 'eu',
    nodes: [
      pinned,
      { ...pinned, ownerKey: undefined },
      { ...pinned, nodeId: '5a'.repeat(32), owner: { serial: 3, name: 'a@b.org' } },
    ],
  };

  it('is read as it was written, and nothing else is', () => {
    const text = formatTrust(trust);
    expect(parseTrust(`# a comment\n${text}`)).toEqual(trust);
    for (const bad of [
      '',
      text.replace('root ', 'Root '),
      text.replace('node ', 'node  '),
      `${text}owner me\n`,
      text.slice(70),
    ])
      expect(() => parseTrust(bad)).toThrow(/install.sh/);
  });
});
