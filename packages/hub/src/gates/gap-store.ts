import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import { allowanceDay, dayOf, type GrantedSpan } from './gap-rule.ts';
import type { InstanceSeal } from './root-check.ts';

/**
 * - restart: the instance was not there
 * - no-tick: it was, and judged nothing
 * - no-database: what it judged could not be stored, and who lost its session could not come back
 * - lost: it never came back; another instance of the region says so
 * - mass-expiry: many nodes of several owners fell silent together
 * - act: an admin granted what the rule does not
 */
export type GapCause = 'restart' | 'no-tick' | 'no-database' | 'lost' | 'mass-expiry' | 'act';

/** Tells gaps apart. */
export interface GapKey {
  readonly instanceId: string;
  readonly cause: GapCause;
  /** Minutes since 1970, as all that follow. */
  readonly from: number;
}

/** Ends are exclusive. */
export interface GapRecord extends GapKey {
  readonly until: number;
  readonly granted: GrantedSpan;
  /** Who granted it where the rule does not, and why. */
  readonly act?: { readonly by: string; readonly reason: string } | undefined;
  /** `hubGapKind`; undefined: nobody signed it, and it pays nobody. */
  readonly seal?: InstanceSeal | undefined;
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
  sealed: Uint8Array | null;
  region: Uint8Array | null;
  instance: Uint8Array | null;
}

/** Gaps that hubs declared about themselves. They only ever grow: none is taken back. */
export class GapStore {
  readonly #sql: Sql | TransactionSql;

  constructor(sql: Sql | TransactionSql) {
    this.#sql = sql;
  }

  /** One that began with the same minute is the same gap: the longest stands, since a hub may fail to start more than once (F03). */
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
      sealed: gap.seal?.sealed ?? null,
      region: gap.seal?.region ?? null,
      instance: gap.seal?.instance ?? null,
    }));
    await this.#sql`insert into hub_gaps ${this.#sql(rows)}
      on conflict (instance_id, cause, from_minute, grant_from) do update set
        until_minute = excluded.until_minute, grant_until = excluded.grant_until, counted = excluded.counted,
        granted_by = excluded.granted_by, reason = excluded.reason, recorded_at = excluded.recorded_at,
        sealed = excluded.sealed, region = excluded.region, instance = excluded.instance
      where excluded.until_minute > hub_gaps.until_minute`;
  }

  /**
   * What else was granted of an instance's allowance, by day since 1970. Mass expiries have one of their own: nodes can feign one,
   * and must not leave a real outage of the hub without; and so has what others say of it.
   */
  async grantedBeside({ instanceId, cause, from }: GapKey): Promise<Map<number, GrantedSpan[]>> {
    const rows = await this.#sql<GrantedSpan[]>`
      select grant_from as from, grant_until as until, counted from hub_gaps
      where instance_id = ${instanceId} and granted_by is null and until_minute >= ${dayOf(from) * 1_440}
        and (cause, from_minute) <> (${cause}, ${from})
        and ${this.#sharesWith(cause)}`;
    return Map.groupBy(rows, allowanceDay);
  }

  /** What the rule granted of the day's allowance that this one takes of, in the order in which it did. */
  async byRule({ instanceId, cause, granted: span }: GapRecord): Promise<GapRecord[]> {
    const day = allowanceDay(span);
    const rows = await this.#sql<GapRow[]>`select * from hub_gaps
      where instance_id = ${instanceId} and granted_by is null
        and ${this.#sharesWith(cause)}
        and grant_from >= ${(day - 1) * 1_440} and grant_from < ${(day + 1) * 1_440}
      order by recorded_at, cause, grant_from`;
    return rows.map(recordOf).filter(({ granted }) => allowanceDay(granted) === day);
  }

  /** Gaps that take of one allowance. */
  #sharesWith(cause: GapCause) {
    const sql = this.#sql;
    return cause === 'mass-expiry' || cause === 'lost'
      ? sql`cause = ${cause}`
      : sql`cause not in ('mass-expiry', 'lost')`;
  }

  /** Whether the audit log has the act that granted it. */
  async isOnRecord({
    instanceId,
    from,
    until,
  }: Pick<GapRecord, 'instanceId' | 'from' | 'until'>): Promise<boolean> {
    const rows = await this.#sql`select from audit_log where act = 'gap.grant' and subject = ${instanceId}
      and detail @> jsonb_build_object('from', ${from}::int, 'until', ${until}::int) limit 1`;
    return rows.length === 1;
  }

  /** Those of which a granted minute lies in the span, by their beginning. */
  async overlapping(span: { from: number; until: number }): Promise<GapRecord[]> {
    const rows = await this.#sql<GapRow[]>`select * from hub_gaps
      where until_minute > ${span.from} and grant_from < ${span.until} and grant_until > ${span.from}
      order by grant_from, instance_id`;
    return rows.map(recordOf);
  }

  /** Those of which a minute lies in the span, granted or not. */
  async declared(span: { from: number; until: number }): Promise<GapRecord[]> {
    const rows = await this.#sql<GapRow[]>`select * from hub_gaps
      where until_minute > ${span.from} and from_minute < ${span.until}`;
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
  const { granted_by: by, reason, sealed, region, instance } = row;
  const isSealed = sealed !== null && region !== null && instance !== null;
  return {
    instanceId: row.instance_id,
    from: row.from_minute,
    until: row.until_minute,
    cause: row.cause,
    granted: { from: row.grant_from, until: row.grant_until, counted: row.counted },
    act: by === null ? undefined : { by, reason: reason ?? '' },
    seal: isSealed ? { sealed, region, instance } : undefined,
  };
}
