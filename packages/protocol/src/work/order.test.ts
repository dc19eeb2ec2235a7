import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../bytes.ts';
import { CONTEXT } from '../contexts.ts';
import { portableCrypto } from '../crypto/portable.ts';
import type { Signatures } from '../crypto/suite.ts';
import { merkleTree } from '../evidence/merkle.ts';
import { makeParties, NOW } from '../fixtures/parties.ts';
import { LIMITS } from '../limits.ts';
import { seal } from '../signed.ts';
import type { CarriedOrder } from './job.ts';
import {
  type AdminKey,
  adminKeyKind,
  type Order,
  type OrderedJob,
  type OrderPolicy,
  orderKind,
  verifyOrder,
} from './order.ts';

const parties = makeParties('orders');
const { crypto, keys, random, nodeId } = parties;
const [owner, admin, stranger] = [0, 1, 2].map(() => crypto.signingKey(random(32))) as [
  typeof keys.node,
  typeof keys.node,
  typeof keys.node,
];
const HOUR = 3_600_000;

const nodes = [nodeId, random(32), random(32), random(32), random(32)].sort(Buffer.compare);
const tree = merkleTree(nodes, crypto.hash);
const proof = tree.proof(nodes.indexOf(nodeId));
const job: OrderedJob = { nodeId, kind: 'stoachain-control', params: '{"action":"stop"}', attempt: 1 };
const policy: OrderPolicy = {
  root: keys.root.publicKey,
  region: 'eu',
  timeFloor: NOW,
  ownerKey: owner.publicKey,
};

const order = (over: Partial<Order> = {}): Order => ({
  orderId: new Uint8Array(16).fill(7),
  region: 'eu',
  kind: job.kind,
  paramsHash: crypto.hash(utf8(job.params)),
  nodes: tree.root,
  nodeCount: nodes.length,
  maxAttempts: 2,
  signer: 'owner@x.example',
  signerKey: owner.publicKey,
  issuedAt: NOW - HOUR,
  expiresAt: NOW + HOUR,
  ...over,
});
const byOwner = (over: Partial<Order> = {}, by = owner): CarriedOrder => ({
  sealed: seal(orderKind, order(over), by),
  admin: undefined,
  proof,
});
const adminKey = (over: Partial<AdminKey> = {}, by = keys.authority) =>
  seal(
    adminKeyKind,
    { region: 'eu', admin: 'admin@x.example', publicKey: admin.publicKey, notAfter: NOW + HOUR, ...over },
    by,
  );
const certified = { key: adminKey(), authority: parties.regionCert('authority') };
const byAdmin = (over: Partial<Order> = {}, papers: Partial<typeof certified> = {}, by = admin) => ({
  sealed: seal(orderKind, order({ signer: 'admin@x.example', signerKey: admin.publicKey, ...over }), by),
  admin: { ...certified, ...papers },
  proof,
});

const verify = (
  carried: CarriedOrder,
  asked: Partial<OrderedJob> = {},
  over: Partial<OrderPolicy> = {},
  suite: Signatures = crypto,
) => verifyOrder(carried, { ...job, ...asked }, { policy: { ...policy, ...over }, crypto: suite });
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('an order', () => {
  it('of the owner and of an admin orders each of its nodes, by both implementations', () => {
    for (const [i, id] of nodes.entries())
      for (const [carried, by] of [
        [byOwner(), 'owner'],
        [byAdmin(), 'admin'],
      ] as const)
        for (const suite of [crypto, portableCrypto]) {
          const verified = verify({ ...carried, proof: tree.proof(i) }, { nodeId: id }, {}, suite);
          expect(verified).toMatchObject({ by, order: { kind: job.kind } });
        }
  });

  it.each([
    ['another node', { nodeId: random(32) }, 'does not name this node'],
    [
      'another node of the same order, by this one’s path',
      { nodeId: nodes.find((id) => id !== nodeId)! },
      'does not name',
    ],
    ['another kind', { kind: 'benchmark-node' }, 'is for stoachain-control, not for benchmark-node'],
    ['other parameters', { params: '{"action":"start"}' }, 'is for other parameters'],
    ['an attempt too many', { attempt: 3 }, 'allows 2 attempts, not a number 3'],
  ])('is none for %s', (_name, asked, message) => {
    for (const carried of [byOwner(), byAdmin()])
      expect(() => verify(carried, asked)).toThrow(
        expect.objectContaining({ code: 'bad_order', message: expect.stringContaining(message) }),
      );
  });

  it.each([
    ['another region', { region: 'na' }, "is for region 'na'"],
    ['that ended', { expiresAt: NOW }, 'ended at 2026-11-25T12:00'],
    ['that lives too long', { issuedAt: NOW + HOUR - LIMITS.orderMs - 1 }, 'lives longer than 7 days'],
    [
      'with the key of somebody else in it',
      { signerKey: stranger.publicKey },
      'another key than the one that signed',
    ],
    ['of one node, by a path of more', { nodeCount: 1 }, 'the path is one of more'],
    ['with another tree', { nodes: random(32) }, 'does not name this node'],
  ])('for %s is none', (_name, over, message) => {
    for (const carried of [byOwner(over), byAdmin(over)])
      expect(() => verify(carried)).toThrow(
        expect.objectContaining({ code: 'bad_order', message: expect.stringContaining(message) }),
      );
  });

  it('by another key, or in another context, is none', () => {
    expect(() => verify(byOwner({}, stranger))).toThrow(code('bad_signature'));
    expect(() => verify(byOwner({ signerKey: stranger.publicKey }, stranger))).toThrow(code('bad_signature'));
    expect(() => verify(byAdmin({}, {}, owner))).toThrow(code('bad_signature'));
    // An admin's order without its papers counts as the owner's, which it isn't.
    expect(() => verify({ ...byAdmin(), admin: undefined })).toThrow(code('bad_signature'));
    expect(() => verify({ ...byOwner(), admin: certified })).toThrow(code('bad_order'));
    const elsewhere = seal({ ...orderKind, context: CONTEXT.ownerKey }, order(), owner);
    expect(() => verify({ ...byOwner(), sealed: elsewhere })).toThrow(code('bad_signature'));
  });

  it('of an owner is none where no key is pinned', () => {
    expect(() => verify(byOwner(), {}, { ownerKey: undefined })).toThrow(code('bad_order'));
    expect(verify(byAdmin(), {}, { ownerKey: undefined }).by).toBe('admin');
  });

  it.each([
    ['of another region', { key: adminKey({ region: 'na' }) }, 'bad_order'],
    ['that ended', { key: adminKey({ notAfter: NOW }) }, 'bad_order'],
    ['of another person', { key: adminKey({ admin: 'eve@x.example' }) }, 'bad_order'],
    ['for another key', { key: adminKey({ publicKey: stranger.publicKey }) }, 'bad_signature'],
    ['signed by the instances key', { key: adminKey({}, keys.instances) }, 'bad_signature'],
    ['signed by the admin', { key: adminKey({}, admin) }, 'bad_signature'],
    ['under the enrol certificate', { authority: parties.regionCert('enrol') }, 'bad_signature'],
    [
      'under an ended certificate',
      { authority: parties.regionCert('authority', { notAfter: NOW }) },
      'certificate_expired',
    ],
    [
      'under a certificate of another region',
      { authority: parties.regionCert('authority', { region: 'na' }) },
      'wrong_region',
    ],
    [
      'under a certificate of no root',
      { authority: parties.regionCert('authority', {}, stranger) },
      'bad_signature',
    ],
  ])('of an admin with a key %s is none', (_name, papers, expected) => {
    expect(() => verify(byAdmin({}, papers))).toThrow(code(expected));
  });

  it('with any bit of it changed is none', () => {
    const parts = ['sealed', 'key', 'authority', 'proof'] as const;
    fc.assert(
      fc.property(fc.constantFrom(...parts), fc.nat(), (part, at) => {
        const flip = (bytes: Uint8Array) => {
          const changed = bytes.slice();
          changed[(at >> 3) % bytes.length]! ^= 1 << (at & 7);
          return changed;
        };
        const good = byAdmin();
        const bad: CarriedOrder = {
          sealed: part === 'sealed' ? flip(good.sealed) : good.sealed,
          admin: {
            key: part === 'key' ? flip(good.admin.key) : good.admin.key,
            authority: part === 'authority' ? flip(good.admin.authority) : good.admin.authority,
          },
          proof: part === 'proof' ? [{ ...proof[0]!, hash: flip(proof[0]!.hash) }, ...proof.slice(1)] : proof,
        };
        expect(() => verify(bad)).toThrow(expect.objectContaining({ name: 'ProtocolError' }));
      }),
      { numRuns: 300 },
    );
  });

  it('names one node by its own id, without any path', () => {
    const alone = merkleTree([nodeId], crypto.hash);
    const carried = { ...byOwner({ nodes: alone.root, nodeCount: 1 }), proof: alone.proof(0) };
    expect(carried.proof).toEqual([]);
    expect(verify(carried).by).toBe('owner');
    expect(() => verify(carried, { nodeId: nodes.find((id) => id !== nodeId)! })).toThrow(code('bad_order'));
  });
});
