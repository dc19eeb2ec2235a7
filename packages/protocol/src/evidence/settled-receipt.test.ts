import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../bytes.ts';
import { decode, decodeExact, encode } from '../codec/codec.ts';
import { signIn } from '../contexts.ts';
import { nodeCrypto as crypto } from '../crypto/node.ts';
import { portableCrypto } from '../crypto/portable.ts';
import { arbitrary } from '../fixtures/arbitrary.ts';
import { makeParties, NOW } from '../fixtures/parties.ts';
import { sample } from '../fixtures/sample.ts';
import { envelope, peek, seal } from '../signed.ts';
import { settledPoints, settledWords } from '../stoicism/settled-hour.ts';
import { merkleTree } from './merkle.ts';
import {
  openProvenReceipt,
  openReceiptRoot,
  type ProvenReceipt,
  provenReceipt,
  type ReceiptRoot,
  receiptRootKind,
  type SettledReceipt,
  settledReceipt,
} from './settled-receipt.ts';

const { keys, chain, random, instanceCert } = makeParties('settled');
const trust = { root: chain.root, region: 'eu' };
const HOUR = Math.floor(NOW / 3_600_000) - 2;
const reckoning = { mode: 'live', resetSequence: 3 } as const;
const fee = { account: 'f', permille1: 333, points: 1n, pendingPoints: 0n };
const receipts = Array.from({ length: 5 }, () => ({
  ...sample(settledReceipt, random),
  ...{ hubHour: HOUR, fee, ...reckoning },
}));
const bodies = receipts.map((receipt) => encode(settledReceipt, receipt));
const tree = merkleTree(bodies, crypto.hash);

function rootOf(change: Partial<ReceiptRoot> = {}, key = keys.instance): Uint8Array {
  const body = {
    region: 'eu',
    hubHour: HOUR,
    pass: 0,
    count: 5,
    root: tree.root,
    number: 1,
    previous: random(32),
    ...reckoning,
  };
  return seal(receiptRootKind, { ...body, ...change }, key);
}

function proven(index: number, change: Partial<ProvenReceipt> = {}): ProvenReceipt {
  const { region, instance } = chain;
  const documents = undefined;
  return {
    ...{ body: bodies[index]!, path: tree.proof(index), root: rootOf(), region, instance, documents },
    ...change,
  };
}

/** The only one of its pass. */
function alone(receipt: SettledReceipt): ProvenReceipt {
  const body = encode(settledReceipt, receipt);
  const root = rootOf({ count: 1, root: merkleTree([body], crypto.hash).root });
  return proven(0, { body, path: [], root });
}

const refused = (code: string) => expect.objectContaining({ code });

describe('a settled receipt', () => {
  it('has one encoding, and comes back from it', () => {
    fc.assert(
      fc.property(arbitrary(settledReceipt), (receipt) => {
        expect(decodeExact(settledReceipt, encode(settledReceipt, receipt))).toEqual(receipt);
      }),
      { numRuns: 15 },
    );
  });

  it('pays for no minute twice, and for none that failed another gate than the warm-up', () => {
    fc.assert(
      fc.property(arbitrary(settledReceipt), (receipt) => {
        const { minutes, unjudged, gateFailures } = receipt;
        const { paid, pending } = settledWords(receipt);
        const barred = gateFailures.reduce((all, word, gate) => (gate === 3 ? all : all | word), unjudged);
        expect([paid & pending, (paid | pending) & barred, (paid | pending) & ~minutes]).toEqual([
          0n,
          0n,
          0n,
        ]);
        const { points, feePoints } = settledPoints({ ...receipt, account: 'a' });
        const permille1 = BigInt(Math.min(receipt.fee?.permille1 ?? 0, 10_000));
        expect(feePoints * 10_000n <= (points + feePoints) * permille1).toBe(true);
      }),
      { numRuns: 15 },
    );
  });
});

describe('a proven receipt', () => {
  it('opens from the offline root down, in both implementations', () => {
    for (const suite of [crypto, portableCrypto])
      for (const [i, receipt] of receipts.entries()) {
        const opened = openProvenReceipt(proven(i), trust, suite);
        expect(opened.receipt).toEqual(receipt);
        expect(opened.instance.instance).toBe('hub-1');
      }
  });

  it.each<[string, string, () => ProvenReceipt]>([
    ['of another body', 'bad_signature', () => proven(0, { body: bodies[1]! })],
    ['with another path', 'bad_signature', () => proven(0, { path: tree.proof(1) })],
    ['whose root was signed by the node', 'bad_signature', () => proven(0, { root: rootOf({}, keys.node) })],
    ['of another hour than its root', 'malformed', () => proven(0, { root: rootOf({ hubHour: HOUR + 1 }) })],
    ['whose root names another region', 'wrong_region', () => proven(0, { root: rootOf({ region: 'us' }) })],
    [
      'with a fee of more than all',
      'malformed',
      () => alone({ ...receipts[0]!, fee: { ...fee, permille1: 10_001 } }),
    ],
    ['under a root of fewer leaves', 'bad_signature', () => proven(0, { root: rootOf({ count: 2 }) })],
    [
      'by an instance that was not certified then',
      'certificate_expired',
      () => proven(0, { instance: instanceCert({ notAfter: HOUR * 3_600_000 - 1 }) }),
    ],
    [
      'by a key of today about an hour of long ago',
      'signed_late',
      () => proven(0, { instance: instanceCert({ notAfter: (HOUR + 1 + 14 * 24) * 3_600_000 + 1 }) }),
    ],
    [
      'of another reckoning than its root',
      'malformed',
      () => proven(0, { root: rootOf({ mode: 'shadow' }) }),
    ],
    [
      'of before another reset than its root',
      'malformed',
      () => proven(0, { root: rootOf({ resetSequence: 4 }) }),
    ],
    [
      'by an instance that no key of the region certified',
      'bad_signature',
      () => proven(0, { instance: instanceCert({}, keys.enrol) }),
    ],
  ])('is refused %s', (_what, code, made) => {
    expect(() => openProvenReceipt(made(), trust, crypto)).toThrow(refused(code));
  });

  it('opens where a hub that was away for a week signed it with its next certificate', () => {
    const instance = instanceCert({ notAfter: (HOUR + 1 + 14 * 24) * 3_600_000 });
    expect(openProvenReceipt(proven(0, { instance }), trust, crypto).receipt).toEqual(receipts[0]);
  });

  it('is read where a newer hub appends fields to receipt, root and proof', () => {
    const body = concat(bodies[0]!, Uint8Array.of(1, 2));
    const said = { ...peek(receiptRootKind, rootOf()), count: 1, root: merkleTree([body], crypto.hash).root };
    const signed = concat(encode(receiptRootKind.body, said), Uint8Array.of(9));
    const root = encode(envelope, {
      body: signed,
      signature: signIn(receiptRootKind.context, keys.instance, signed),
    });
    const documents: Uint8Array[] = [];
    const payload = concat(
      encode(provenReceipt, proven(0, { body, path: [], root, documents })),
      Uint8Array.of(3),
    );
    const opened = openProvenReceipt(decode(provenReceipt, payload), trust, crypto);
    expect(opened.receipt).toEqual(receipts[0]);
    expect(opened.root.number).toBe(1);
  });

  it('is refused under another root or for another region', () => {
    const signed = { ...chain, root: rootOf() };
    const root = keys.node.publicKey;
    expect(() => openReceiptRoot(signed, { ...trust, root }, crypto)).toThrow(refused('bad_signature'));
    expect(() => openReceiptRoot(signed, { ...trust, region: 'us' }, crypto)).toThrow(
      refused('wrong_region'),
    );
  });
});
