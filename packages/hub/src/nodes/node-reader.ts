import type { Sql } from '#seams/db-adapter/index.ts';
import type { ProbeCache } from '#seams/probe-cache/index.ts';
import { type KnownTips, readTips } from './tips.ts';

export interface Description {
  readonly agentVersion: string;
  readonly chainwebVersion: string | undefined;
  readonly supervision: string | undefined;
  readonly argv: readonly string[];
  readonly host: Readonly<Record<string, unknown>>;
  readonly components: readonly Readonly<Record<string, unknown>>[];
  readonly settings: readonly Readonly<Record<string, unknown>>[];
  readonly describedAt: number;
}

export interface SessionFacts {
  readonly instanceId: string;
  readonly epoch: bigint;
  readonly sessionId: string;
  readonly bootId: string;
  readonly previousBootIds: readonly string[];
  readonly connectedAt: number;
  readonly endedAt: number | undefined;
  readonly version: string;
  readonly protocol: number;
  readonly address: string;
  readonly transport: string;
}

export interface Gauges {
  readonly rttMs: number | undefined;
  readonly skewMs: number;
  /** 0: not measured. */
  readonly natIdleS: number;
}

export interface NodeEvent {
  readonly at: number;
  readonly kind: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const EVENTS_SHOWN = 50;
/** Polled every 30 s: what four polls in a row missed is no tip any more. */
const POLLED_FOR_MS = 120_000;

interface DescriptionRow {
  agent_version: string;
  chainweb_version: string | null;
  supervision: string | null;
  argv: string[];
  host: Record<string, unknown>;
  components: Record<string, unknown>[];
  settings: Record<string, unknown>[];
  described_at: Date;
}

interface SessionRow {
  instance_id: string;
  epoch: bigint;
  session_id: string;
  boot_id: string;
  previous_boot_ids: string[];
  connected_at: Date;
  ended_at: Date | null;
  version: string;
  protocol: number;
  address: string;
  transport: string;
}

interface GaugesRow {
  rtt_ms: number | null;
  skew_ms: bigint;
  nat_idle_s: number;
}

/** What the tabs of one node show. */
export class NodeReader {
  readonly #sql: Sql;
  readonly #probes: Pick<ProbeCache, 'get'>;

  /** @param by.probes has what was polled of nodes without an agent. */
  constructor(by: { sql: Sql; probes: Pick<ProbeCache, 'get'> }) {
    this.#sql = by.sql;
    this.#probes = by.probes;
  }

  async description(nodeId: string): Promise<Description | undefined> {
    const [row] = await this.#sql<
      DescriptionRow[]
    >`select agent_version, chainweb_version, supervision, argv, host,
      components, settings, described_at from node_descriptions where node_id = ${nodeId}`;
    if (row === undefined) return undefined;
    return {
      agentVersion: row.agent_version,
      chainwebVersion: row.chainweb_version ?? undefined,
      supervision: row.supervision ?? undefined,
      argv: row.argv,
      host: row.host,
      components: row.components,
      settings: row.settings,
      describedAt: row.described_at.getTime(),
    };
  }

  async session(nodeId: string): Promise<SessionFacts | undefined> {
    const [row] = await this.#sql<
      SessionRow[]
    >`select instance_id, epoch, session_id, boot_id, previous_boot_ids,
      connected_at, ended_at, version, protocol, address, transport from sessions where node_id = ${nodeId}`;
    if (row === undefined) return undefined;
    return {
      instanceId: row.instance_id,
      epoch: row.epoch,
      sessionId: row.session_id,
      bootId: row.boot_id,
      previousBootIds: row.previous_boot_ids,
      connectedAt: row.connected_at.getTime(),
      endedAt: row.ended_at?.getTime(),
      version: row.version,
      protocol: row.protocol,
      address: row.address,
      transport: row.transport,
    };
  }

  async gauges(nodeId: string): Promise<Gauges | undefined> {
    const [row] = await this.#sql<GaugesRow[]>`select rtt_ms, skew_ms, nat_idle_s
      from node_status where node_id = ${nodeId}`;
    if (row === undefined) return undefined;
    return {
      rttMs: row.rtt_ms ?? undefined,
      skewMs: Number(row.skew_ms),
      natIdleS: row.nat_idle_s,
    };
  }

  /** By node id: of what the agent reported and what was polled over SSH the newer. */
  async tips(nodeIds: readonly string[]): Promise<Map<string, KnownTips>> {
    const [rows, polled] = await Promise.all([
      this.#sql<{ node_id: string; tips: Uint8Array; last_seen: Date }[]>`
        select node_id, tips, last_seen from node_status where node_id = any(${[...nodeIds]}::text[])`,
      this.#probes.get('tips', nodeIds, POLLED_FOR_MS),
    ]);
    const known = new Map<string, KnownTips>();
    for (const [nodeId, { at, value }] of polled) known.set(nodeId, { tips: value, polledAt: at });
    for (const { node_id: nodeId, tips, last_seen: lastSeen } of rows)
      if (lastSeen.getTime() >= (known.get(nodeId)?.polledAt ?? 0))
        known.set(nodeId, { tips: readTips(tips), polledAt: undefined });
    return known;
  }

  /** The newest first. */
  async events(nodeId: string): Promise<NodeEvent[]> {
    const rows = await this.#sql<{ at: Date; kind: string; detail: Record<string, unknown> }[]>`
      select at, kind, detail from node_events where node_id = ${nodeId} order by at desc, id desc limit ${EVENTS_SHOWN}`;
    return rows.map(({ at, kind, detail }) => ({ at: at.getTime(), kind, detail }));
  }
}
