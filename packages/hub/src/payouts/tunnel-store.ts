import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { noteChange } from './resolver.ts';

export interface Tunnel {
  readonly tunnelId: string;
  readonly nodeId: string;
  /** Of the node, where it is still there. */
  readonly label: string;
  readonly nodeOwner: string;
  readonly tunnelOwner: string;
  /** Tenths of a per-mille. */
  readonly permille1: number;
  readonly offeredAt: number;
  readonly agreedAt: number | undefined;
  readonly fromHour: number | undefined;
  readonly endedAt: number | undefined;
  readonly untilHour: number | undefined;
}

interface TunnelRow {
  tunnel_id: string;
  node_id: string;
  label: string | null;
  node_owner: string;
  tunnel_owner: string;
  permille1: number;
  offered_at: Date;
  agreed_at: Date | null;
  from_hour: number | null;
  ended_at: Date | null;
  until_hour: number | null;
}

const SHOWN = 100;

/** Puts an act on record, in one with it. */
type Recording = (tx: TransactionSql) => Promise<unknown>;

/** Who lends a node a way in, and for how much: one at a time for each node. */
export class TunnelStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** @returns false where the node has a tunnel, or an offer of one, already. */
  async offer(
    offer: Pick<Tunnel, 'tunnelId' | 'nodeId' | 'nodeOwner' | 'tunnelOwner' | 'permille1' | 'offeredAt'>,
    record: Recording,
  ): Promise<boolean> {
    return this.#sql.begin(async (tx) => {
      const rows =
        await tx`insert into payout_tunnels (tunnel_id, node_id, node_owner, tunnel_owner, permille1, offered_at)
        values (${offer.tunnelId}, ${offer.nodeId}, ${offer.nodeOwner}, ${offer.tunnelOwner}, ${offer.permille1},
          ${new Date(offer.offeredAt)}) on conflict do nothing returning 1`;
      if (rows.length === 1) await record(tx);
      return rows.length === 1;
    });
  }

  async find(tunnelId: string): Promise<Tunnel | undefined> {
    const [row] = await this.#sql<
      TunnelRow[]
    >`select t.*, n.label from payout_tunnels t left join nodes n using (node_id)
      where t.tunnel_id = ${tunnelId}`;
    return row && tunnelOf(row);
  }

  /** The one that holds or is offered. */
  async openFor(nodeId: string): Promise<Tunnel | undefined> {
    const [row] = await this.#sql<
      TunnelRow[]
    >`select t.*, n.label from payout_tunnels t left join nodes n using (node_id)
      where t.node_id = ${nodeId} and t.ended_at is null`;
    return row && tunnelOf(row);
  }

  /**
   * On either side: all that the person agreed to or offered and that stands, so that it can be ended here; then the newest of
   * what others offer, who are free to offer a lot; then the newest of what is over.
   */
  async ofPerson(email: string): Promise<Tunnel[]> {
    const rows = await this.#sql<TunnelRow[]>`select t.*, n.label from (
        select *, row_number() over (partition by kind order by offered_at desc, tunnel_id) as place from (
          select *, case when ended_at is not null then 2 when agreed_at is null and node_owner <> ${email} then 1 else 0 end as kind
          from payout_tunnels where node_owner = ${email} or tunnel_owner = ${email}) every) t
        left join nodes n using (node_id)
      where kind = 0 or place <= ${SHOWN} order by kind, place`;
    return rows.map(tunnelOf);
  }

  /** @returns false where it was agreed or ended meanwhile. */
  async agree(tunnel: Tunnel, by: { at: number; fromHour: number }, record: Recording): Promise<boolean> {
    return this.#sql.begin(async (tx) => {
      const rows =
        await tx`update payout_tunnels set agreed_at = ${new Date(by.at)}, from_hour = ${by.fromHour}
        where tunnel_id = ${tunnel.tunnelId} and agreed_at is null and ended_at is null returning 1`;
      if (rows.length === 0) return false;
      await noteChange(tx, { nodeId: tunnel.nodeId, fromHour: by.fromHour });
      await record(tx);
      return true;
    });
  }

  /** @returns false where it had ended. */
  async end(
    tunnel: Tunnel,
    by: { at: number; by: string; untilHour: number },
    record: Recording,
  ): Promise<boolean> {
    return this.#sql.begin(async (tx) => {
      const rows = await tx`update payout_tunnels set ended_at = ${new Date(by.at)}, ended_by = ${by.by},
          until_hour = ${by.untilHour} where tunnel_id = ${tunnel.tunnelId} and ended_at is null returning 1`;
      if (rows.length === 0) return false;
      await noteChange(tx, { nodeId: tunnel.nodeId, fromHour: by.untilHour });
      await record(tx);
      return true;
    });
  }
}

function tunnelOf(row: TunnelRow): Tunnel {
  return {
    tunnelId: row.tunnel_id,
    nodeId: row.node_id,
    label: row.label ?? row.node_id.slice(0, 16),
    nodeOwner: row.node_owner,
    tunnelOwner: row.tunnel_owner,
    permille1: row.permille1,
    offeredAt: row.offered_at.getTime(),
    agreedAt: row.agreed_at?.getTime(),
    fromHour: row.from_hour ?? undefined,
    endedAt: row.ended_at?.getTime(),
    untilHour: row.until_hour ?? undefined,
  };
}
