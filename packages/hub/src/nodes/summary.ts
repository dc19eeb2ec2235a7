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
  /** Nobody named an account to pay it to. */
  readonly unpaid: boolean;
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
  unpaid: boolean;
  agent_version: string | null;
  /** Instants are seconds since 1970: numbers are written and read in a third of the time that dates take. */
  retired_at: number | null;
  refused_at: number | null;
  quarantined_at: number | null;
  disputed_at: number | null;
  last_seen: number | null;
  lag: number | null;
  forked: boolean | null;
  at_tip_at: number | null;
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
  return sql`n.node_id, n.label, n.owner, n.region, n.simulated, n.listed_unpaid as unpaid, n.agent_version,
    date_part('epoch', n.retired_at) as retired_at, date_part('epoch', n.refused_at) as refused_at,
    date_part('epoch', n.quarantined_at) as quarantined_at, date_part('epoch', n.disputed_at) as disputed_at,
    date_part('epoch', s.last_seen) as last_seen, s.lag, s.forked, date_part('epoch', s.at_tip_at) as at_tip_at,
    s.cpu, s.memory, s.disk, s.load`;
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
    unpaid: row.unpaid,
    agentVersion: row.agent_version ?? undefined,
    facts: {
      retiredAt: millis(row.retired_at),
      refusedAt: millis(row.refused_at),
      quarantinedAt: millis(row.quarantined_at),
      disputedAt: millis(row.disputed_at),
      lastSeen: millis(row.last_seen),
      lag: row.lag ?? undefined,
      forked: row.forked ?? false,
      atTipAt: millis(row.at_tip_at),
    },
    cpu: row.cpu ?? undefined,
    memory: row.memory ?? undefined,
    disk: row.disk ?? undefined,
    load: row.load ?? undefined,
  };
}

function millis(seconds: number | null): number | undefined {
  return seconds === null ? undefined : Math.round(seconds * 1_000);
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
