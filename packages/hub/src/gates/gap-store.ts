import type { Sql } from '#seams/db-adapter/index.ts';
import { dayOf, type GrantedSpan } from './gap-rule.ts';

/**
 * - restart: the instance was not there
 * - no-tick: it was, and judged nothing
 * - no-database: what it judged could not be stored, and who lost its session could not come back
 * - lost: it never came back; another instance of the region says so
 * - mass-expiry: many nodes of several owners fell silent together
 * - act: an admin granted what the rule does not
 */
export type GapCause = 'restart' | 'no-tick' | 'no-database' | 'lost' | 'mass-expiry' | 'act';

/** Minutes since 1970, ends exclusive. */
export interface GapRecord {
  readonly instanceId: string;
  readonly from: number;
  readonly until: number;
  readonly cause: GapCause;
  readonly granted: GrantedSpan;
  /** Who granted it where the rule does not, and why. */
  readonly act?: { readonly by: string; readonly reason: string } | undefined;
}

interface GapRow {
  instance_id: string;
  from_minute: number;
  until_minute: number;
  grant_from: number;
  grant_until: number;
  counted: number;
  cause: GapCause;
  granted_by: string | null;
  reason: string | null;
}

/** Gaps that hubs declared about themselves. Append-only. */
export class GapStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Recorded twice is recorded once. */
  async record(gaps: readonly GapRecord[], at: Date): Promise<void> {
    if (gaps.length === 0) return;
    const rows = gaps.map((gap) => ({
      instance_id: gap.instanceId,
      from_minute: gap.from,
      until_minute: gap.until,
      grant_from: gap.granted.from,
      grant_until: gap.granted.until,
      counted: gap.granted.counted,
      cause: gap.cause,
      granted_by: gap.act?.by ?? null,
      reason: gap.act?.reason ?? null,
      recorded_at: at,
    }));
    await this.#sql`insert into hub_gaps ${this.#sql(rows)} on conflict do nothing`;
  }

  /** Minutes of an instance's allowance that are used, by day since 1970. */
  async used(instanceId: string, sinceDay: number): Promise<Map<number, number>> {
    const rows = await this.#sql<{ from_minute: number; grant_from: number; counted: number }[]>`
      select from_minute, grant_from, counted from hub_gaps
      where instance_id = ${instanceId} and granted_by is null and until_minute >= ${sinceDay * 1_440}`;
    const used = new Map<number, number>();
    for (const { grant_from, counted } of rows) {
      const day = dayOf(grant_from);
      used.set(day, (used.get(day) ?? 0) + counted);
    }
    return used;
  }

  /** Those of which a granted minute lies in the span, by their beginning. */
  async overlapping(span: { from: number; until: number }): Promise<GapRecord[]> {
    const rows = await this.#sql<GapRow[]>`select * from hub_gaps
      where until_minute > ${span.from} and grant_from < ${span.until} and grant_until > ${span.from}
      order by grant_from, instance_id`;
    return rows.map(recordOf);
  }

  /** As the instance declared it. */
  async find(instanceId: string, from: number): Promise<GapRecord | undefined> {
    const rows = await this.#sql<GapRow[]>`select * from hub_gaps
      where instance_id = ${instanceId} and from_minute = ${from} and granted_by is null
      order by until_minute desc limit 1`;
    return rows.map(recordOf)[0];
  }

  /** The newest of them, whether granted in whole or in part. */
  async newest(count: number): Promise<GapRecord[]> {
    const rows = await this.#sql<
      GapRow[]
    >`select * from hub_gaps order by until_minute desc, grant_from desc limit ${count}`;
    return rows.map(recordOf);
  }
}

function recordOf(row: GapRow): GapRecord {
  const { granted_by: by, reason } = row;
  return {
    instanceId: row.instance_id,
    from: row.from_minute,
    until: row.until_minute,
    cause: row.cause,
    granted: { from: row.grant_from, until: row.grant_until, counted: row.counted },
    act: by === null ? undefined : { by, reason: reason ?? '' },
  };
}
