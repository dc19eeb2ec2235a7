import type { Sql } from '#seams/db-adapter/index.ts';
import type { StateFacts } from './state.ts';
import type { SqlFragment } from './state-sql.ts';

/** What a list row and a page header show of a node: one row of three tables. */
export interface NodeSummary {
  readonly nodeId: string;
  readonly label: string;
  readonly owner: string;
  readonly region: string;
  readonly role: string;
  readonly simulated: boolean;
  readonly facts: StateFacts;
  /** Shares of 1. */
  readonly cpu: number | undefined;
  readonly memory: number | undefined;
  readonly disk: number | undefined;
  /** One-minute load average. */
  readonly load: number | undefined;
  readonly peers: number | undefined;
  readonly rttMs: number | undefined;
  readonly agentVersion: string | undefined;
}

export interface SummaryRow {
  node_id: string;
  label: string;
  owner: string;
  region: string;
  role: string;
  simulated: boolean;
  created_at: Date;
  retired_at: Date | null;
  refused_at: Date | null;
  quarantined_at: Date | null;
  quarantine_reason: string | null;
  disputed_at: Date | null;
  last_seen: Date | null;
  lag: number | null;
  forked: boolean | null;
  chainweb: string | null;
  at_tip_at: Date | null;
  cpu: number | null;
  memory: number | null;
  disk: number | null;
  load: number | null;
  peers: number | null;
  rtt_ms: number | null;
  agent_version: string | null;
}

/** The columns of `SummaryRow`, over the aliases of `summaryTables`. */
export function summaryColumns(sql: Sql): SqlFragment {
  return sql`n.node_id, n.label, n.owner, n.region, n.role, n.simulated, n.created_at, n.retired_at, n.refused_at,
    n.quarantined_at, n.quarantine_reason, n.disputed_at, s.last_seen, s.lag, s.forked, s.chainweb, s.at_tip_at,
    s.cpu, s.memory, s.disk, s.load, s.peers, s.rtt_ms, d.agent_version`;
}

export function summaryTables(sql: Sql): SqlFragment {
  return sql`nodes n left join node_status s using (node_id) left join node_descriptions d using (node_id)`;
}

export function toSummary(row: SummaryRow): NodeSummary {
  return {
    nodeId: row.node_id,
    label: row.label,
    owner: row.owner,
    region: row.region,
    role: row.role,
    simulated: row.simulated,
    facts: {
      createdAt: row.created_at.getTime(),
      retiredAt: row.retired_at?.getTime(),
      refusedAt: row.refused_at?.getTime(),
      quarantinedAt: row.quarantined_at?.getTime(),
      quarantineReason: row.quarantine_reason ?? undefined,
      disputedAt: row.disputed_at?.getTime(),
      lastSeen: row.last_seen?.getTime(),
      lag: row.lag ?? undefined,
      forked: row.forked ?? false,
      chainweb: row.chainweb ?? 'unknown',
      atTipAt: row.at_tip_at?.getTime(),
    },
    cpu: row.cpu ?? undefined,
    memory: row.memory ?? undefined,
    disk: row.disk ?? undefined,
    load: row.load ?? undefined,
    peers: row.peers ?? undefined,
    rttMs: row.rtt_ms ?? undefined,
    agentVersion: row.agent_version ?? undefined,
  };
}
