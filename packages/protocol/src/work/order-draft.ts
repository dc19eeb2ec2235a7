import { equalBytes, fromBase64Url, fromHex, toBase64Url, toHex, utf8 } from '../bytes.ts';
import { decodeExact, encode } from '../codec/codec.ts';
import type { Signatures } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import { merkleRoot } from '../evidence/merkle.ts';
import { instantText } from '../instant.ts';
import { isKindName, kindOf } from './kinds.ts';
import { type Order, orderKind } from './order.ts';
import { parseParams } from './parameters.ts';

/** An order before it is signed, with what its hashes stand for: whoever signs sees and checks all of it. */
export interface OrderDraft {
  readonly order: Order;
  readonly params: string;
  /** Ids, ascending. */
  readonly nodes: readonly Uint8Array[];
}

/** The bytes that are signed. */
export function orderBytes(order: Order): Uint8Array {
  return encode(orderKind.body, order);
}

/** As a file that goes to where the key is. */
export function formatOrderDraft({ order, params, nodes }: OrderDraft): string {
  const draft = { version: 1, order: toBase64Url(orderBytes(order)), params, nodes: nodes.map(toHex) };
  return `${JSON.stringify(draft)}\n`;
}

/** @throws ProtocolError `bad_order` where the hashes stand for something else than the file says. */
export function parseOrderDraft(text: string, crypto: Pick<Signatures, 'hash'>): OrderDraft {
  const draft = read(text);
  const { order, params, nodes } = draft;
  demand(isKindName(order.kind), `orders '${order.kind}', which is no kind that is known here`);
  if (isKindName(order.kind)) parseParams(kindOf(order.kind).parameters, params);
  demand(equalBytes(order.paramsHash, crypto.hash(utf8(params))), 'has the hash of other parameters');
  demand(order.nodeCount === nodes.length, `counts ${order.nodeCount} nodes, and ${nodes.length} are named`);
  demand(
    nodes.every((id, i) => i === 0 || compare(nodes[i - 1]!, id) < 0),
    'names its nodes out of order or twice',
  );
  demand(equalBytes(order.nodes, merkleRoot(nodes, crypto.hash)), 'has the root of other nodes');
  return draft;
}

function read(text: string): OrderDraft {
  try {
    const { version, order, params, nodes } = JSON.parse(text);
    if (version !== 1) throw new RangeError(`version is ${version}, 1 expected`);
    return {
      order: decodeExact(orderKind.body, fromBase64Url(order)),
      params: String(params),
      nodes: nodes.map(fromHex),
    };
  } catch (cause) {
    throw new ProtocolError('bad_order', 'this is no intact draft of an order', { cause });
  }
}

/** What an order says, for the person who signs it: a line each. */
export function describeOrder({
  order,
  params,
}: Pick<OrderDraft, 'order' | 'params'>): readonly { readonly name: string; readonly value: string }[] {
  const { kind, nodeCount, region, signer, maxAttempts, expiresAt } = order;
  const given = Object.entries(JSON.parse(params) as Record<string, unknown>);
  return [
    { name: 'Do', value: isKindName(kind) ? `${kind}: ${kindOf(kind).doc}` : kind },
    { name: 'With', value: given.map(([name, value]) => `${name}=${String(value)}`).join(', ') || 'nothing' },
    { name: 'On', value: `${nodeCount} ${nodeCount === 1 ? 'node' : 'nodes'} of region '${region}'` },
    { name: 'Until', value: `${instantText(expiresAt)}, in ${maxAttempts} attempts at most` },
    { name: 'Signed as', value: signer },
    { name: 'Order', value: toHex(order.orderId) },
  ];
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at < 0 ? 0 : a[at]! - b[at]!;
}

function demand(holds: boolean, why: string): void {
  if (!holds) throw new ProtocolError('bad_order', `the draft ${why}`);
}
