import { payoutMissing } from '#payouts/index.ts';
import { scoreMissing } from '#scores/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';

/** What the checklist asks of a node that joined. Milliseconds since 1970. */
export interface JoinedNode {
  readonly nodeId: string;
  readonly label: string;
  readonly lastSeen: number | undefined;
  /** Worst chain; undefined: a tip is not known to the hub. */
  readonly lag: number | undefined;
  readonly forked: boolean;
  /** up, down, stopped or unknown. */
  readonly chainweb: string;
  readonly atTipAt: number | undefined;
  readonly peers: number | undefined;
  /** Bytes free on the committed path. */
  readonly diskFree: number | undefined;
  /** By which the hub sees it. */
  readonly address: string | undefined;
  /** Of chainweb; undefined before the agent told, empty where it found no process. */
  readonly argv: readonly string[] | undefined;
  readonly committedGb: number;
  /** Nobody named an account to pay it to. */
  readonly unpaid: boolean;
  /** No benchmark has given it a ServerScore. */
  readonly unscored: boolean;
}

interface Row {
  node_id: string;
  label: string;
  last_seen: Date | null;
  lag: number | null;
  forked: boolean | null;
  chainweb: string | null;
  at_tip_at: Date | null;
  peers: number | null;
  disk_free: bigint | null;
  address: string | null;
  argv: string[] | null;
  host: { committedGb?: unknown } | null;
  unpaid: boolean;
  unscored: boolean;
}

/** Of the nodes that are registered; order is not kept. */
export async function joinedNodes(sql: Sql, nodeIds: readonly string[]): Promise<readonly JoinedNode[]> {
  if (nodeIds.length === 0) return [];
  const rows = await sql<
    Row[]
  >`select n.node_id, n.label, s.last_seen, s.lag, s.forked, s.chainweb, s.at_tip_at, s.peers,
      s.disk_free, ss.address, d.argv, d.host, ${payoutMissing(sql)} as unpaid,
      ${scoreMissing(sql)} as unscored
    from nodes n left join node_status s using (node_id) left join sessions ss using (node_id)
      left join node_descriptions d using (node_id)
    where n.node_id = any(${[...nodeIds]}::text[])`;
  return rows.map((row) => ({
    nodeId: row.node_id,
    label: row.label,
    lastSeen: row.last_seen?.getTime(),
    lag: row.lag ?? undefined,
    forked: row.forked ?? false,
    chainweb: row.chainweb ?? 'unknown',
    atTipAt: row.at_tip_at?.getTime(),
    peers: row.peers ?? undefined,
    diskFree: row.disk_free === null ? undefined : Number(row.disk_free),
    address: row.address ?? undefined,
    argv: row.argv ?? undefined,
    committedGb: typeof row.host?.committedGb === 'number' ? row.host.committedGb : 0,
    unpaid: row.unpaid,
    unscored: row.unscored,
  }));
}
