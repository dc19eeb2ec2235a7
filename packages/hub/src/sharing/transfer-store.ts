import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Outcome } from './schema.ts';

export interface Transfer {
  readonly transferId: string;
  /** Undefined: all nodes that the giver owns when it takes effect. */
  readonly node: { readonly nodeId: string; readonly label: string } | undefined;
  readonly fromOwner: string;
  readonly toOwner: string;
  /** Milliseconds since 1970, as all instants here. */
  readonly offeredAt: number;
  readonly expiresAt: number;
  readonly acceptedAt: number | undefined;
  readonly effectiveAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly outcome: Outcome | undefined;
}

interface TransferRow {
  transfer_id: string;
  node_id: string | null;
  label: string | null;
  from_owner: string;
  to_owner: string;
  offered_at: Date;
  expires_at: Date;
  accepted_at: Date | null;
  effective_at: Date | null;
  ended_at: Date | null;
  outcome: Outcome | null;
}

const SHOWN = 100;

/** Offers of nodes, and their nodes' change of owner. */
export class TransferStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @returns false where the giver has an open offer of the same already. */
  async offer(offer: {
    transferId: string;
    nodeId: string | undefined;
    fromOwner: string;
    toOwner: string;
    offeredBy: string;
    offeredAt: number;
    expiresAt: number;
  }): Promise<boolean> {
    const rows = await this.#sql`insert into node_transfers
      (transfer_id, node_id, from_owner, to_owner, offered_by, offered_at, expires_at)
      values (${offer.transferId}, ${offer.nodeId ?? null}, ${offer.fromOwner}, ${offer.toOwner}, ${offer.offeredBy},
        ${new Date(offer.offeredAt)}, ${new Date(offer.expiresAt)})
      on conflict do nothing returning 1`;
    return rows.length === 1;
  }

  async find(transferId: string): Promise<Transfer | undefined> {
    const [row] = await this.#sql<TransferRow[]>`
      select t.*, n.label from node_transfers t left join nodes n using (node_id) where t.transfer_id = ${transferId}`;
    return row && transferOf(row);
  }

  /** To and from an account, open ones first, then the newest. */
  async ofAccount(email: string): Promise<Transfer[]> {
    const rows = await this.#sql<TransferRow[]>`
      select t.*, n.label from node_transfers t left join nodes n using (node_id)
      where t.from_owner = ${email} or t.to_owner = ${email}
      order by t.outcome is not null, t.offered_at desc, t.transfer_id limit ${SHOWN}`;
    return rows.map(transferOf);
  }

  /** The open offer that holds the node: of itself, or of all that its owner has. */
  async openFor(nodeId: string, owner: string): Promise<Transfer | undefined> {
    const [row] = await this.#sql<TransferRow[]>`
      select t.*, n.label from node_transfers t left join nodes n using (node_id)
      where t.outcome is null and t.from_owner = ${owner} and (t.node_id = ${nodeId} or t.node_id is null)
      order by t.node_id nulls last limit 1`;
    return row && transferOf(row);
  }

  /** @returns false where it was accepted, ended or expired meanwhile. */
  async accept(transferId: string, by: { now: number; effectiveAt: number }): Promise<boolean> {
    const rows = await this.#sql`update node_transfers
      set accepted_at = ${new Date(by.now)}, effective_at = ${new Date(by.effectiveAt)}
      where transfer_id = ${transferId} and outcome is null and accepted_at is null and expires_at > ${new Date(by.now)}
      returning 1`;
    return rows.length === 1;
  }

  /** @returns false where it had ended already. */
  async end(transferId: string, outcome: Outcome, now: number): Promise<boolean> {
    const rows = await this.#sql`update node_transfers set outcome = ${outcome}, ended_at = ${new Date(now)}
      where transfer_id = ${transferId} and outcome is null returning 1`;
    return rows.length === 1;
  }

  async expire(now: number): Promise<void> {
    await this.#sql`update node_transfers set outcome = 'expired', ended_at = ${new Date(now)}
      where outcome is null and accepted_at is null and expires_at <= ${new Date(now)}`;
  }

  async due(now: number): Promise<Transfer[]> {
    const rows = await this.#sql<TransferRow[]>`
      select t.*, n.label from node_transfers t left join nodes n using (node_id)
      where t.outcome is null and t.effective_at <= ${new Date(now)} order by t.effective_at, t.transfer_id`;
    return rows.map(transferOf);
  }

  /** How many nodes an open offer of all would move. */
  async owned(owner: string): Promise<number> {
    const [row] = await this.#sql<
      { count: number }[]
    >`select count(*)::int as count from nodes where owner = ${owner}`;
    return row?.count ?? 0;
  }

  /**
   * Moves the nodes and closes the offer, in one with what `record` writes. Who could see them by the giver's word no
   * longer can. Of several instances one moves them.
   */
  async apply(
    transfer: Transfer,
    now: number,
    record: (tx: TransactionSql, nodeIds: readonly string[]) => Promise<void>,
  ): Promise<void> {
    const { transferId, node, fromOwner, toOwner } = transfer;
    await this.#sql.begin(async (tx) => {
      const [held] = await tx`select 1 from node_transfers
        where transfer_id = ${transferId} and outcome is null for update skip locked`;
      if (held === undefined) return;
      const rows = await tx<{ node_id: string }[]>`select node_id from nodes
        where owner = ${fromOwner} and (${node === undefined} or node_id = ${node?.nodeId ?? ''}) for update`;
      const ids = rows.map((row) => row.node_id);
      await tx`update nodes set owner = ${toOwner}, owner_generation = owner_generation + 1
        where node_id = any(${ids}::text[])`;
      await tx`delete from node_shares where node_id = any(${ids}::text[])`;
      // The giver had none of them any more.
      const outcome: Outcome = ids.length > 0 ? 'applied' : 'cancelled';
      await tx`update node_transfers set outcome = ${outcome}, ended_at = ${new Date(now)}
        where transfer_id = ${transferId}`;
      // Last: while it is open, nobody else can append to the audit log.
      await record(tx, ids);
    });
  }
}

function transferOf(row: TransferRow): Transfer {
  return {
    transferId: row.transfer_id,
    node:
      row.node_id === null
        ? undefined
        : { nodeId: row.node_id, label: row.label ?? row.node_id.slice(0, 16) },
    fromOwner: row.from_owner,
    toOwner: row.to_owner,
    offeredAt: row.offered_at.getTime(),
    expiresAt: row.expires_at.getTime(),
    acceptedAt: row.accepted_at?.getTime(),
    effectiveAt: row.effective_at?.getTime(),
    endedAt: row.ended_at?.getTime(),
    outcome: row.outcome ?? undefined,
  };
}
