import { decodeExact, fromBase64Url, signedReceiptRoot, toHex } from '@stoa/protocol';
import { makeEvidence, makeParties } from '@stoa/protocol/fixtures';
import { nodeCrypto } from '@stoa/protocol/node';
import { verifyRoots } from '@stoa/protocol/stoicism';
import { expect, it } from 'vitest';
import { publishedRoot } from './published-root.ts';

it('tells of a root who signed what, with all that it takes to verify it, and of no node', () => {
  const parties = makeParties('published roots');
  const { file, published } = makeEvidence(parties, { hours: 2 });
  const [first, second] = published.map((payload) => {
    const { root: sealed, region, instance } = decodeExact(signedReceiptRoot, payload);
    return publishedRoot({ sealed, region, instance });
  });
  expect(first).toMatchObject({ number: 1, pass: 0, count: 5, instance: 'hub-1', previous: '00'.repeat(32) });
  expect(first!.hubHour).toBe(file.hours[0]!.hubHour);
  expect(first!.instanceKey).toBe(toHex(parties.keys.instance.publicKey));
  const signed = decodeExact(signedReceiptRoot, fromBase64Url(first!.signed));
  expect(second!.previous).toBe(toHex(nodeCrypto.hash(signed.root)));
  const trust = { root: parties.chain.root, region: 'eu' };
  const payloads = [first!, second!].map((one) => fromBase64Url(one.signed));
  expect(verifyRoots(payloads, trust, nodeCrypto).map(({ what }) => what)).toEqual(['match', 'match']);
  expect(JSON.stringify([first, second])).not.toContain(toHex(parties.nodeId));
});
