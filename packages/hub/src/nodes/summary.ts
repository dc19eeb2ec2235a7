import type { Sql } from '#seams/db-adapter/index.ts';
import type { JudgedFacts, StateFacts } from './state.ts';
import type { SqlFragment } from './state-sql.ts';

/** What a row of the list shows: as few columns as that takes, since a page has fifty of them. */
export interface NodeSummary {
  readonly nodeId: string;
  readonly label: string;
  readonly owner: string;
  readonly region: string;
  readonly simulated: boolean;
  readonly agentVersion: string | undefined;
  readonly facts: JudgedFacts & Pick<StateFacts, 'lag'>;
  /** Shares of 1. */
  readonly cpu: number | undefined;
  readonly memory: number | undefined;
  readonly disk: number | undefined;
  /** One-minute load average. */
  readonly load: number | undefined;
}

/** What the head of a node's page shows, and what explains its state. */
export interface NodeDetail extends NodeSummary {
  readonly facts: StateFacts;
  readonly role: string;
  readonly peers: number | undefined;
  readonly rttMs: number | undefined;
}

export interface SummaryRow {
  node_id: string;
  label: string;
  owner: string;
  region: string;
  simulated: boolean;
  agent_version: string | null;
  retired_at: Date | null;
  refused_at: Date | null;
  quarantined_at: Date | null;
  disputed_at: Date | null;
  last_seen: Date | null;
  lag: number | null;
  forked: boolean | null;
  at_tip_at: Date | null;
  cpu: number | null;
  memory: number | null;
  disk: number | null;
  load: number | null;
}

export interface DetailRow extends SummaryRow {
  role: string;
  created_at: Date;
  quarantine_reason: string | null;
  chainweb: string | null;
  peers: number | null;
  rtt_ms: number | null;
}

/** The columns of `SummaryRow`, over the aliases of `summaryTables`. */
export function summaryColumns(sql: Sql): SqlFragment {
  return sql`n.node_id, n.label, n.owner, n.region, n.simulated, n.agent_version, n.retired_at, n.refused_at,
    n.quarantined_at, n.disputed_at, s.last_seen, s.lag, s.forked, s.at_tip_at, s.cpu, s.memory, s.disk, s.load`;
}

export function detailColumns(sql: Sql): SqlFragment {
  return sql`${summaryColumns(sql)}, n.role, n.created_at, n.quarantine_reason, s.chainweb, s.peers, s.rtt_ms`;
}

export function summaryTables(sql: Sql): SqlFragment {
  return sql`nodes n left join node_status s using (node_id)`;
}

export function toSummary(row: SummaryRow): NodeSummary {
  return {
    nodeId: row.node_id,
    label: row.label,
    owner: row.owner,
    region: row.region,
    simulated: row.simulated,
    agentVersion: row.agent_version ?? undefined,
    facts: {
      retiredAt: row.retired_at?.getTime(),
      refusedAt: row.refused_at?.getTime(),
      quarantinedAt: row.quarantined_at?.getTime(),
      disputedAt: row.disputed_at?.getTime(),
      lastSeen: row.last_seen?.getTime(),
      lag: row.lag ?? undefined,
      forked: row.forked ?? false,
      atTipAt: row.at_tip_at?.getTime(),
    },
    cpu: row.cpu ?? undefined,
    memory: row.memory ?? undefined,
    disk: row.disk ?? undefined,
    load: row.load ?? undefined,
  };
}

export function toDetail(row: DetailRow): NodeDetail {
  const summary = toSummary(row);
  return {
    ...summary,
    facts: {
      ...summary.facts,
      createdAt: row.created_at.getTime(),
      quarantineReason: row.quarantine_reason ?? undefined,
      chainweb: row.chainweb ?? 'unknown',
    },
    role: row.role,
    peers: row.peers ?? undefined,
    rttMs: row.rtt_ms ?? undefined,
  };
}
