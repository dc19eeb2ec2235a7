import {
  type CarriedOrder,
  type CryptoSuite,
  decodeExact,
  equalBytes,
  formatOrderDraft,
  fromHex,
  LIMITS,
  type Order,
  open,
  orderBytes,
  orderKind,
  ProtocolError,
  peek,
  type Random,
  toHex,
  utf8,
} from '@stoa/protocol';
import { requireFresh } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import { toldParams } from '#jobs/index.ts';
import type { Clock } from '../clock.ts';
import { notFound } from '../http-error.ts';
import type { TreeCache } from '../tree-cache.ts';
import type { Viewer } from '../viewer.ts';
import { badOrder } from './order-fault.ts';
import { idBytes, OrderTree } from './order-tree.ts';
import type { Signer, Signers } from './signers.ts';
import type { AdminPapers, OrderStore, StoredOrder } from './store.ts';

/** Unless said otherwise an order is good for a day after the work may begin. */
const LIFE_MS = 24 * 3_600_000;
/** A machine where orders are signed may have a clock that is ahead by so much. */
const CLOCK_SLACK_MS = 5 * 60_000;

/** What jobs are being leased under. */
export interface HeldOrder {
  readonly papers: AdminPapers | undefined;
  readonly tree: OrderTree;
}

/** What is to be done, as whoever submits it has it. */
export interface Wanted {
  readonly kind: string;
  /** Canonical text. */
  readonly params: string;
  /** Hex, ascending. */
  readonly nodeIds: readonly string[];
  readonly maxAttempts: number;
}

export interface ShownOrder {
  readonly order: Order;
  readonly params: string;
  readonly signedAs: StoredOrder['signedAs'];
  /** Undefined until it is signed. */
  readonly sealed: Uint8Array | undefined;
}

export interface OrdersDeps {
  readonly store: OrderStore;
  readonly signers: Signers;
  readonly trees: TreeCache<HeldOrder>;
  readonly ownedBy: (owner: string, nodeIds: readonly string[]) => Promise<ReadonlySet<string>>;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly region: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Random;
  readonly crypto: Pick<CryptoSuite, 'hash' | 'signingKey' | 'verify' | 'verifier'>;
}

/**
 * What people want done on nodes, signed by keys that the hub never has. The hub makes the draft, keeps the signature
 * and carries both to each node with the proof that the node is named; what they are worth is decided there.
 */
export class Orders {
  readonly #deps: OrdersDeps;

  constructor(deps: OrdersDeps) {
    this.#deps = deps;
  }

  /**
   * What the viewer would sign for this. Stored for as long as it could be signed.
   * @param wanted `from`: when the work may begin, ms; now unless said. `lifeMs`: how long the order is good for then; a day
   * unless said, and never for longer than nodes take.
   * @returns the order's id, 32 hex digits.
   * @throws {HttpError} as `Signers.of`, and `bad_order`.
   */
  async draft(
    viewer: Viewer,
    wanted: Wanted & { readonly from?: number; readonly lifeMs?: number },
  ): Promise<string> {
    const { store, signers, region, clock, random, crypto } = this.#deps;
    const now = clock.now();
    const signer = await signers.of(viewer, wanted.nodeIds);
    const tree = await this.#treeOf(wanted.nodeIds);
    const latest = Math.min(now + LIMITS.orderMs, signer.notAfter ?? Number.POSITIVE_INFINITY);
    const expiresAt = Math.min(Math.max(now, wanted.from ?? now) + (wanted.lifeMs ?? LIFE_MS), latest);
    if ((wanted.from ?? now) >= expiresAt)
      throw badOrder(`would end before the work begins: an order lives ${LIMITS.orderMs / 86_400_000} days`);
    const order: Order = {
      orderId: random(16),
      region,
      kind: wanted.kind,
      paramsHash: crypto.hash(utf8(wanted.params)),
      nodes: tree.root,
      nodeCount: tree.size,
      maxAttempts: wanted.maxAttempts,
      signer: signer.email,
      signerKey: signer.publicKey,
      issuedAt: now,
      expiresAt,
    };
    await store.insert(storedOrder(order, { wanted, signer, sealed: undefined }), now);
    return toHex(order.orderId);
  }

  /** An order of the viewer's own. @throws {HttpError} `not_found`. */
  async show(viewer: Viewer, orderId: string): Promise<ShownOrder> {
    const { params, signedAs, sealed, body } = await this.#ownOf(viewer, orderId);
    return { order: decodeExact(orderKind.body, body), params, signedAs, sealed };
  }

  /** The file for whoever keeps the key off the hub. @throws {HttpError} `not_found`. */
  async file(viewer: Viewer, orderId: string): Promise<string> {
    const { body, params, nodes } = await this.#ownOf(viewer, orderId);
    const ids = Array.from({ length: nodes.length / 32 }, (_, i) => nodes.subarray(32 * i, 32 * (i + 1)));
    return formatOrderDraft({ order: decodeExact(orderKind.body, body), params, nodes: ids });
  }

  /** Takes the signature of a draft. @throws {HttpError} `not_found`, `confirm_first`, `bad_order`. */
  async sign(viewer: Viewer, orderId: string, sealed: Uint8Array): Promise<void> {
    const { store, audit, clock } = this.#deps;
    const now = clock.now();
    requireFresh(viewer, now);
    const stored = await this.#ownOf(viewer, orderId);
    const drafted = decodeExact(orderKind.body, stored.body);
    const order = this.#open(sealed, drafted.signerKey);
    if (!equalBytes(orderBytes(order), stored.body)) throw badOrder('is not the one that was shown');
    if (order.expiresAt <= now) throw badOrder(`ended at ${new Date(order.expiresAt).toISOString()}`);
    const { kind, params, signedAs } = stored;
    await audit.append({
      actor: viewer.email,
      act: 'order.sign',
      subject: orderId,
      owner: viewer.email,
      detail: {
        ...{ kind, params: toldParams(params), nodes: order.nodeCount, signedAs },
        key: this.#fingerprint(order),
      },
    });
    await store.seal(orderId, sealed, now);
  }

  /** Whose order it says it is, before anything is verified. @throws {HttpError} `bad_order`. */
  signerOf(sealed: Uint8Array): string {
    return readable(() => peek(orderKind, sealed)).signer;
  }

  /**
   * Whether this order orders exactly this, is in force, and is signed by whom nodes take it from: whoever brings it, it
   * is the signer's word. It is kept, with its nodes, for `carried`. Idempotent.
   * @throws {HttpError} `bad_order`, and as `Signers.of`.
   */
  async verify(
    viewer: Viewer,
    submitted: Wanted & { readonly sealed: Uint8Array },
  ): Promise<{ orderId: string }> {
    const { store, signers, trees, clock } = this.#deps;
    const now = clock.now();
    const email = this.signerOf(submitted.sealed);
    const signer = await signers.of({ email, tier: viewer.tier }, submitted.nodeIds);
    const order = this.#open(submitted.sealed, signer.publicKey);
    const tree = await this.#treeOf(submitted.nodeIds);
    this.#requireFits(order, { submitted, signer, tree, now });
    const orderId = toHex(order.orderId);
    const stored = storedOrder(order, { wanted: submitted, signer, sealed: submitted.sealed });
    if (!(await store.insert(stored, now))) {
      const held = await store.find(orderId);
      if (held === undefined || !equalBytes(held.body, stored.body))
        throw badOrder('has the id of another one');
      if (held.sealed === undefined) await store.seal(orderId, submitted.sealed, now);
    }
    // Its jobs are leased within the minute: what was just built serves them.
    await trees.of(orderId, async () => ({ papers: stored.papers, tree }));
    return { orderId };
  }

  /** Why nodes take nothing under it any more; undefined: they do. */
  async fault(sealed: Uint8Array): Promise<string | undefined> {
    const order = peek(orderKind, sealed);
    if (order.expiresAt <= this.#deps.clock.now())
      return `its order ended at ${new Date(order.expiresAt).toISOString()}`;
    return (await this.#deps.signers.isInForce(order))
      ? undefined
      : `the key of ${order.signer} that signed its order was replaced`;
  }

  /**
   * The order as it travels with the job of each of these nodes; a node that it does not name is left out, and so are all
   * once its key was replaced.
   */
  async carried(
    batch: { readonly sealed: Uint8Array },
    nodeIds: readonly string[],
  ): Promise<ReadonlyMap<string, CarriedOrder>> {
    const order = peek(orderKind, batch.sealed);
    if (!(await this.#deps.signers.isInForce(order))) return new Map();
    const { signer } = order;
    const orderId = toHex(order.orderId);
    const held = await this.#deps.trees.of(orderId, async () => {
      const stored = await this.#deps.store.find(orderId);
      if (stored === undefined) return undefined;
      return { papers: stored.papers, tree: await OrderTree.of(stored.nodes, this.#deps.crypto.hash) };
    });
    if (held === undefined) return new Map();
    // An admin's own nodes take it as their owner's word: the key is pinned there, and no `admin` line is needed.
    const own = held.papers && (await this.#deps.ownedBy(signer, nodeIds));
    return new Map(
      nodeIds.flatMap((nodeId): [string, CarriedOrder][] => {
        const proof = held.tree.proof(fromHex(nodeId));
        return proof === undefined
          ? []
          : [[nodeId, { sealed: batch.sealed, admin: own?.has(nodeId) ? undefined : held.papers, proof }]];
      }),
    );
  }

  async #ownOf(viewer: Viewer, orderId: string): Promise<StoredOrder> {
    const stored = /^[0-9a-f]{32}$/.test(orderId) ? await this.#deps.store.find(orderId) : undefined;
    if (stored?.signer !== viewer.email) throw notFound(`Order ${orderId.slice(0, 40)}`);
    return stored;
  }

  #treeOf(nodeIds: readonly string[]): Promise<OrderTree> {
    if (nodeIds.length === 0) throw badOrder('names no node');
    return OrderTree.of(idBytes(nodeIds), this.#deps.crypto.hash);
  }

  #open(sealed: Uint8Array, publicKey: Uint8Array): Order {
    return readable(() => open(orderKind, sealed, this.#deps.crypto, publicKey));
  }

  #requireFits(order: Order, by: { submitted: Wanted; signer: Signer; tree: OrderTree; now: number }): void {
    const { submitted, signer, tree, now } = by;
    const { region, crypto } = this.#deps;
    const demands: [boolean, string][] = [
      [order.region === region, `is for region '${order.region}', not for '${region}'`],
      [order.kind === submitted.kind, `is for ${order.kind}, not for ${submitted.kind}`],
      [equalBytes(order.paramsHash, crypto.hash(utf8(submitted.params))), 'is for other parameters'],
      [
        equalBytes(order.nodes, tree.root) && order.nodeCount === tree.size,
        `is for ${order.nodeCount} other nodes than the ${tree.size} that are chosen now`,
      ],
      [
        order.maxAttempts === submitted.maxAttempts,
        `allows ${order.maxAttempts} attempts, not ${submitted.maxAttempts}`,
      ],
      [equalBytes(order.signerKey, signer.publicKey), 'names another key than the one that signed it'],
      [order.expiresAt > now, `ended at ${new Date(order.expiresAt).toISOString()}`],
      [order.issuedAt <= now + CLOCK_SLACK_MS, 'begins in the future'],
      [order.expiresAt - order.issuedAt <= LIMITS.orderMs, 'lives longer than seven days'],
      [order.expiresAt <= (signer.notAfter ?? order.expiresAt), 'outlives the certificate of its key'],
    ];
    for (const [holds, why] of demands) if (!holds) throw badOrder(why);
  }

  #fingerprint({ signerKey }: Order): string {
    return toHex(this.#deps.crypto.hash(signerKey));
  }
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw badOrder('is not signed by the key in force of whom it names', cause);
  }
}

function storedOrder(
  order: Order,
  by: { wanted: Wanted; signer: Signer; sealed: Uint8Array | undefined },
): StoredOrder {
  return {
    orderId: toHex(order.orderId),
    kind: order.kind,
    params: by.wanted.params,
    nodes: idBytes(by.wanted.nodeIds),
    signer: by.signer.email,
    signedAs: by.signer.signedAs,
    body: orderBytes(order),
    sealed: by.sealed,
    papers: by.signer.papers,
    expiresAt: order.expiresAt,
  };
}
