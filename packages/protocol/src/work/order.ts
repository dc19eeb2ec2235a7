import { equalBytes } from '../bytes.ts';
import { type Decoded, fixed, record, text, u16, u32, u64 } from '../codec/codec.ts';
import { CONTEXT } from '../contexts.ts';
import type { Signatures } from '../crypto/suite.ts';
import { ProtocolError } from '../errors.ts';
import { rootFromProof } from '../evidence/merkle.ts';
import { verifyRegionCert } from '../identity/hub-chain.ts';
import { ownerName, regionName } from '../identity/names.ts';
import { instantText } from '../instant.ts';
import { LIMITS } from '../limits.ts';
import { open, peek, type SignedKind } from '../signed.ts';
import type { CarriedOrder } from './job.ts';

const orderBody = record({
  orderId: fixed(16),
  region: regionName,
  kind: text(40),
  /** `hash` of the parameters' canonical text. */
  paramsHash: fixed(32),
  /** Merkle root of the node ids, sorted ascending. */
  nodes: fixed(32),
  nodeCount: u32,
  maxAttempts: u16,
  /** The e-mail of who signed: for people; the key is what counts. */
  signer: ownerName,
  signerKey: fixed(32),
  issuedAt: u64,
  expiresAt: u64,
});
export type Order = Decoded<typeof orderBody>;

/** What a person wants done, signed by that person's own key, which the hub never has. */
export const orderKind: SignedKind<Order> = { context: CONTEXT.order, body: orderBody, title: 'order' };

const adminKeyBody = record({ region: regionName, admin: ownerName, publicKey: fixed(32), notAfter: u64 });
export type AdminKey = Decoded<typeof adminKeyBody>;

/** Signed by the region's `authority` key in the signer: whose orders for disruptive work the region's nodes take. */
export const adminKeyKind: SignedKind<AdminKey> = {
  context: CONTEXT.adminKey,
  body: adminKeyBody,
  title: 'admin key',
};

export interface OrderedJob {
  readonly nodeId: Uint8Array;
  readonly kind: string;
  readonly params: string;
  readonly attempt: number;
}

/** What a node holds an order against. */
export interface OrderPolicy {
  /** The root's public key, as the node's own credential has it. */
  readonly root: Uint8Array;
  readonly region: string;
  /** Proven time, ms: never the local clock. */
  readonly timeFloor: number;
  /** The owner's key, pinned at join. */
  readonly ownerKey: Uint8Array | undefined;
}

export interface VerifiedOrder {
  readonly order: Order;
  readonly by: 'owner' | 'admin';
}

/**
 * Whether this order orders this job on this node, and whose key says so. What that key may order is the local policy's
 * question.
 * @throws ProtocolError `bad_order`, `bad_signature`, `malformed`, and as `verifyRegionCert` does.
 */
export function verifyOrder(
  carried: CarriedOrder,
  job: OrderedJob,
  { policy, crypto }: { policy: OrderPolicy; crypto: Signatures },
): VerifiedOrder {
  const by = carried.admin === undefined ? 'owner' : 'admin';
  const key = keyOf(carried, policy, crypto);
  const order = open(orderKind, carried.sealed, crypto, key);
  demand(equalBytes(order.signerKey, key), 'names another key than the one that signed it');
  const hash = crypto.hash(new TextEncoder().encode(job.params));
  demand(order.region === policy.region, `is for region '${order.region}', not for '${policy.region}'`);
  demand(order.kind === job.kind, `is for ${order.kind}, not for ${job.kind}`);
  demand(equalBytes(order.paramsHash, hash), 'is for other parameters than the job has');
  demand(
    order.expiresAt - order.issuedAt <= LIMITS.orderMs,
    `lives longer than ${LIMITS.orderMs / 86_400_000} days`,
  );
  demand(order.expiresAt > policy.timeFloor, `ended at ${instantText(order.expiresAt)}`);
  demand(
    job.attempt <= order.maxAttempts,
    `allows ${order.maxAttempts} attempts, not a number ${job.attempt}`,
  );
  // A root can stand for more nodes than the signer was told of; so long a path can't.
  demand(
    carried.proof.length <= Math.ceil(Math.log2(Math.max(order.nodeCount, 1))),
    `names ${order.nodeCount} nodes, and the path is one of more`,
  );
  demand(
    equalBytes(rootFromProof(job.nodeId, carried.proof, crypto.hash), order.nodes),
    'does not name this node',
  );
  return { order, by };
}

/** The key that must have signed: the pinned one, or one that the region's authority certified. */
function keyOf({ admin, sealed }: CarriedOrder, policy: OrderPolicy, crypto: Signatures): Uint8Array {
  if (admin === undefined) {
    if (policy.ownerKey === undefined)
      throw new ProtocolError(
        'bad_order',
        'the order is signed as by the owner, and this node has no owner key pinned',
      );
    return policy.ownerKey;
  }
  const { root, region, timeFloor } = policy;
  const authority = verifyRegionCert(
    { sealed: admin.authority, root, role: 'authority' },
    { rootFingerprint: crypto.hash(root), region, timeFloor },
    crypto,
  );
  const key = open(adminKeyKind, admin.key, crypto, authority.publicKey);
  demand(key.region === policy.region, `comes from an admin of region '${key.region}'`);
  demand(
    key.notAfter > policy.timeFloor,
    `comes from an admin whose key ended at ${instantText(key.notAfter)}`,
  );
  const { signer } = peek(orderKind, sealed);
  demand(signer === key.admin, `says ${signer}, and the key is of ${key.admin}`);
  return key.publicKey;
}

function demand(holds: boolean, why: string): void {
  if (!holds) throw new ProtocolError('bad_order', `the order ${why}`);
}
