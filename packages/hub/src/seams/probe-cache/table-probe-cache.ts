import type { Clock } from '#clock.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import {
  latestOfEach,
  type Probe,
  type ProbeCache,
  type ProbeEntry,
  type ProbeKind,
  type ProbeValues,
} from './probe-cache.ts';

/** For several hubs on one database. */
export class TableProbeCache implements ProbeCache {
  readonly #sql: Sql;
  readonly #clock: Clock;

  constructor(by: { sql: Sql; clock: Clock }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
  }

  async put<Kind extends ProbeKind>(kind: Kind, entries: readonly ProbeEntry<Kind>[]): Promise<void> {
    if (entries.length === 0) return;
    // In order of node id, so that two hubs' batches lock in the same order. As text, which the driver leaves alone.
    await this.#sql`
      insert into probe_cache (node_id, kind, at, value)
      select "nodeId", ${kind}, to_timestamp(at / 1000), value
      from jsonb_to_recordset(${JSON.stringify(latestOfEach(entries))}::text::jsonb)
        as entry ("nodeId" text, at float8, value jsonb)
      on conflict (node_id, kind) do update set at = excluded.at, value = excluded.value
      where probe_cache.at <= excluded.at`;
  }

  async get<Kind extends ProbeKind>(
    kind: Kind,
    nodeIds: readonly string[],
    maxAgeMs: number,
  ): Promise<Map<string, Probe<Kind>>> {
    const now = this.#clock.now();
    const rows = await this.#sql<{ node_id: string; at: Date; value: ProbeValues[Kind] }[]>`
      select node_id, at, value from probe_cache
      where kind = ${kind} and node_id = any (${[...nodeIds]}::text[]) and at >= ${new Date(now - maxAgeMs)}`;
    return new Map(
      rows.map((row) => {
        const at = row.at.getTime();
        return [row.node_id, { at, ageMs: Math.max(0, now - at), value: row.value }];
      }),
    );
  }

  async forget(nodeId: string): Promise<void> {
    await this.#sql`delete from probe_cache where node_id = ${nodeId}`;
  }
}
