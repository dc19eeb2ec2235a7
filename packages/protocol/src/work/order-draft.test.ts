import { describe, expect, it } from 'vitest';
import { fromBase64Url, toBase64Url, utf8 } from '../bytes.ts';
import { merkleRoot } from '../evidence/merkle.ts';
import { makeParties, NOW } from '../fixtures/parties.ts';
import type { Order } from './order.ts';
import { describeOrder, formatOrderDraft, orderBytes, parseOrderDraft } from './order-draft.ts';

const { crypto, random, keys } = makeParties('order drafts');
const params = '{"securityOnly":true}';
const nodes = Array.from({ length: 5 }, () => random(32)).sort(Buffer.compare);
const order: Order = {
  orderId: random(16),
  region: 'eu',
  kind: 'apt-upgrade',
  paramsHash: crypto.hash(utf8(params)),
  nodes: merkleRoot(nodes, crypto.hash),
  nodeCount: 5,
  maxAttempts: 2,
  signer: 'o@x.example',
  signerKey: keys.node.publicKey,
  issuedAt: NOW,
  expiresAt: NOW + 3_600_000,
};
const text = formatOrderDraft({ order, params, nodes });
const with_ = (change: object) => JSON.stringify({ ...(JSON.parse(text) as object), ...change });

describe('a draft of an order', () => {
  it('comes back as it was, and says in words what is signed', () => {
    expect(parseOrderDraft(text, crypto)).toEqual({ order, params, nodes });
    expect(fromBase64Url((JSON.parse(text) as { order: string }).order)).toEqual(orderBytes(order));
    expect(
      describeOrder({ order, params })
        .map(({ value }) => value)
        .slice(0, 4),
    ).toEqual([
      expect.stringMatching(/^apt-upgrade: upgrade the packages/),
      'securityOnly=true',
      "5 nodes of region 'eu'",
      '2026-11-25T13:00:00.000Z, in 2 attempts at most',
    ]);
  });

  const hex = nodes.map((id) => Buffer.from(id).toString('hex'));
  it.each([
    ['other parameters', { params: '{"securityOnly":false}' }, 'other parameters'],
    ['a node less', { nodes: hex.slice(1) }, 'counts 5 nodes, and 4'],
    ['another node', { nodes: [...hex.slice(0, 4), 'ff'.repeat(32)] }, 'root of other nodes'],
    ['its nodes in another order', { nodes: hex.toReversed() }, 'out of order'],
    ['a node twice', { nodes: [...hex.slice(0, 4), hex[3]!] }, 'twice'],
    [
      'a kind that nobody knows',
      { order: toBase64Url(orderBytes({ ...order, kind: 'shell' })) },
      "orders 'shell'",
    ],
    ['another version', { version: 2 }, 'no intact draft'],
    ['noise for an order', { order: 'AAAA' }, 'no intact draft'],
    ['no nodes', { nodes: undefined }, 'no intact draft'],
  ])('with %s is refused', (_name, change, message) => {
    expect(() => parseOrderDraft(with_(change), crypto)).toThrow(
      expect.objectContaining({ code: 'bad_order', message: expect.stringContaining(message) }),
    );
  });
});
