import type { Sql } from '#seams/db-adapter/index.ts';
import type { SignedAs } from './schema.ts';

/** Certificates that travel with an admin's order. */
export interface AdminPapers {
  readonly key: Uint8Array;
  readonly authority: Uint8Array;
}

export interface StoredOrder {
  /** 32 hex digits. */
  readonly orderId: string;
  readonly kind: string;
  readonly params: string;
  readonly nodes: Uint8Array;
  readonly signer: string;
  readonly signedAs: SignedAs;
  readonly body: Uint8Array;
  /** Undefined until it is signed. */
  readonly sealed: Uint8Array | undefined;
  /** Of an admin's order. */
  readonly papers: AdminPapers | undefined;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

interface OrderRow {
  order_id: string;
  kind: string;
  params: string;
  nodes: Uint8Array;
  signer: string;
  signed_as: SignedAs;
  body: Uint8Array;
  sealed: Uint8Array | null;
  admin_key: Uint8Array | null;
  authority: Uint8Array | null;
  expires_at: Date;
}

export class OrderStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async find(orderId: string): Promise<StoredOrder | undefined> {
    const [row] = await this.#sql<OrderRow[]>`select * from orders where order_id = ${orderId}`;
    return row && orderOf(row);
  }

  /** @returns false where the id is taken. */
  async insert(order: StoredOrder, now: number): Promise<boolean> {
    const { papers, sealed } = order;
    const rows = await this
      .#sql`insert into orders (order_id, kind, params, nodes, node_count, signer, signed_as,
        body, sealed, admin_key, authority, created_at, signed_at, expires_at)
      values (${order.orderId}, ${order.kind}, ${order.params}, ${Buffer.from(order.nodes)}, ${order.nodes.length / 32},
        ${order.signer}, ${order.signedAs}, ${Buffer.from(order.body)}, ${bytesOf(sealed)}, ${bytesOf(papers?.key)},
        ${bytesOf(papers?.authority)}, ${new Date(now)}, ${sealed === undefined ? null : new Date(now)},
        ${new Date(order.expiresAt)})
      on conflict do nothing returning 1`;
    return rows.length === 1;
  }

  /** A second signature of the same key over the same bytes changes nothing. */
  async seal(orderId: string, sealed: Uint8Array, now: number): Promise<void> {
    await this.#sql`update orders set sealed = ${Buffer.from(sealed)}, signed_at = ${new Date(now)}
      where order_id = ${orderId} and sealed is null`;
  }

  /** Drafts that nobody signed in time, and orders that ended before `endedBefore`. */
  async sweep(now: number, endedBefore: number): Promise<number> {
    const rows = await this.#sql`delete from orders where expires_at < ${new Date(endedBefore)}
      or (sealed is null and expires_at < ${new Date(now)}) returning 1`;
    return rows.length;
  }
}

function bytesOf(bytes: Uint8Array | undefined): Buffer | null {
  return bytes === undefined ? null : Buffer.from(bytes);
}

function orderOf(row: OrderRow): StoredOrder {
  const { admin_key: key, authority } = row;
  return {
    orderId: row.order_id.replaceAll('-', ''),
    kind: row.kind,
    params: row.params,
    nodes: new Uint8Array(row.nodes),
    signer: row.signer,
    signedAs: row.signed_as,
    body: new Uint8Array(row.body),
    sealed: row.sealed === null ? undefined : new Uint8Array(row.sealed),
    papers:
      key === null || authority === null
        ? undefined
        : { key: new Uint8Array(key), authority: new Uint8Array(authority) },
    expiresAt: row.expires_at.getTime(),
  };
}
