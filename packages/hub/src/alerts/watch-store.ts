import { type Instant, judgedAt } from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { ALL_BITS, type AlertFacts, RULE_IDS, RULES } from './rule.ts';
import { conditionBits, type Standards, stateColumn } from './rule-sql.ts';
import { REGION_OWNER } from './settings.ts';

/** A node whose conditions differ from what was seen of it, or of which a machine is due. */
export interface WatchedNode {
  readonly nodeId: string;
  readonly owner: string;
  readonly label: string;
  readonly simulated: boolean;
  /** Retired or refused: nothing is told of it any more. */
  readonly gone: boolean;
  readonly bits: number;
  /** Rules that have seen it under this owner. */
  readonly seen: number;
  readonly facts: AlertFacts;
}

interface WatchedRow {
  node_id: string;
  owner: string;
  label: string;
  simulated: boolean;
  gone: boolean;
  bits: number;
  seen: number;
  last_seen: Date | null;
  at_tip_at: Date | null;
  lag: number | null;
  chainweb: string | null;
  disk: number | null;
  disk_free: bigint | null;
  bytes_per_day: bigint | null;
  disputed_at: Date | null;
  quarantined_at: Date | null;
  quarantine_reason: string | null;
  chainweb_version: string | null;
  update_state: string | null;
  update_since: Date | null;
  update_target: string | null;
  update_version: string | null;
  update_reason: string | null;
}

const BY_LIVENESS = RULE_IDS.filter((id) => RULES[id].byLiveness);

export interface Pass {
  readonly at: Instant;
  readonly limit: number;
  readonly standards: Standards;
}

/** One pass over the fleet, in the database: only what changed leaves it. */
export class WatchStore {
  readonly #sql: Sql;

  /** @param sql of the pass's transaction. */
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Machines whose moment has come. While time stands still for silence, theirs does not come. */
  async dueSubjects({ at, limit }: Pass): Promise<readonly string[]> {
    const rows = await this.#sql<{ subject: string }[]>`
      select distinct subject from (
        select subject from alert_states
        where due_at <= ${new Date(at.now)} and owner <> ${REGION_OWNER}
          and (due_at <= ${new Date(judgedAt(at))} or not (rule = any(${BY_LIVENESS}::text[])))
        order by due_at limit ${limit}) d`;
    return rows.map((row) => row.subject);
  }

  /** Nodes that hold nothing at first sight, by far the most, are noted without leaving the database. */
  async changed(pass: Pass, due: readonly string[]): Promise<readonly WatchedNode[]> {
    const sql = this.#sql;
    const { at, standards } = pass;
    // Compiling would cost more than the pass, and hashes that do not fit in memory as much again.
    await sql`select set_config('jit', 'off', true), set_config('work_mem', '32MB', true)`;
    const rows = await sql<WatchedRow[]>`
      with odd as materialized (
        select * from (
          select n.node_id, n.owner, w.bits as held, case when w.owner = n.owner then w.seen else 0 end as seen,
            ${conditionBits(sql, at, standards)} as bits
          from nodes n left join node_status s using (node_id) left join alert_watch w using (node_id)
            left join disk_trends t using (node_id) left join node_updates u using (node_id), ${stateColumn(sql, at)} offset 0) j
        where j.bits is distinct from j.held or j.seen <> ${ALL_BITS}::int or j.node_id = any(${[...due]}::text[])),
      calm as (
        insert into alert_watch (node_id, owner, bits, seen)
        select node_id, owner, 0, ${ALL_BITS}::int from odd where held is null and bits = 0
        on conflict do nothing),
      picked as (
        (select * from odd where held is not null or bits <> 0 limit ${pass.limit})
        union select * from odd where node_id = any(${[...due]}::text[]))
      select p.node_id, p.owner, n.retired_at is not null or n.refused_at is not null as gone, p.bits, p.seen, n.label,
        n.simulated, n.disputed_at, n.quarantined_at, n.quarantine_reason, n.chainweb_version, s.last_seen, s.at_tip_at, s.lag, s.chainweb,
        s.disk, s.disk_free, t.bytes_per_day, u.state as update_state, u.since as update_since, u.target as update_target,
        u.version as update_version, u.reason as update_reason
      from picked p join nodes n using (node_id) left join node_status s using (node_id)
        left join disk_trends t using (node_id) left join node_updates u using (node_id)`;
    return rows.map((row) => toWatched(row, standards));
  }

  /** What was seen, until it differs again. */
  async note(nodes: readonly WatchedNode[]): Promise<void> {
    if (nodes.length === 0) return;
    const sorted = [...nodes].sort((a, b) => (a.nodeId < b.nodeId ? -1 : 1));
    await this.#sql`
      insert into alert_watch (node_id, owner, bits, seen)
      select node_id, owner, bits, ${ALL_BITS}::int
      from unnest(${sorted.map((n) => n.nodeId)}::text[], ${sorted.map((n) => n.owner)}::text[], ${sorted.map((n) => n.bits)}::int[])
        as r(node_id, owner, bits)
      on conflict (node_id) do update set owner = excluded.owner, bits = excluded.bits, seen = excluded.seen`;
  }
}

function toWatched(row: WatchedRow, { requiredChainweb }: Standards): WatchedNode {
  const number = (value: bigint | null) => (value === null ? undefined : Number(value));
  return {
    nodeId: row.node_id,
    owner: row.owner,
    label: row.label,
    simulated: row.simulated,
    gone: row.gone,
    bits: row.bits,
    seen: row.seen,
    facts: {
      lastSeen: row.last_seen?.getTime(),
      atTipAt: row.at_tip_at?.getTime(),
      lag: row.lag ?? undefined,
      chainweb: row.chainweb ?? 'unknown',
      disk: row.disk ?? undefined,
      diskFree: number(row.disk_free),
      bytesPerDay: number(row.bytes_per_day),
      disputedAt: row.disputed_at?.getTime(),
      quarantinedAt: row.quarantined_at?.getTime(),
      quarantineReason: row.quarantine_reason ?? undefined,
      chainwebVersion: row.chainweb_version ?? undefined,
      requiredChainweb,
      failedUpdate: failedUpdate(row),
    },
  };
}

function failedUpdate(row: WatchedRow): AlertFacts['failedUpdate'] {
  if (row.update_state !== 'rolled-back' && row.update_state !== 'failed') return undefined;
  return {
    at: row.update_since?.getTime() ?? 0,
    target: row.update_target ?? '',
    version: row.update_version ?? '',
    reason: row.update_reason ?? '',
  };
}
