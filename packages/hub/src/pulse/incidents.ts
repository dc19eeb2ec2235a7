import type { Liveness, NetworkHeads } from '#nodes/index.ts';
import { judgedAt } from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Task } from '../ticker.ts';

export const INCIDENTS = {
  database: 'The database did not answer',
  heads: 'No new verified head for five minutes',
  freeze: 'States stood still: too many nodes fell silent at once',
} as const;
export type IncidentKind = keyof typeof INCIDENTS;

export interface Incident {
  readonly kind: IncidentKind;
  readonly startedAt: number;
  readonly endedAt: number | undefined;
}

/** Ten blocks are due on each chain in the meantime. */
export const HEADS_STALL_MS = 5 * 60_000;

/** The age of the newest verified head; undefined before the first. */
export function headsAge(heads: NetworkHeads, now: number): number | undefined {
  const newest = Math.max(...heads.heads().map(({ at }) => at));
  return Number.isFinite(newest) ? Math.max(0, now - newest) : undefined;
}

/** Notes what is wrong with the hub itself, from its beginning to its end. */
export class Incidents implements Task {
  readonly name = 'incidents';
  readonly periodMs = 15_000;
  readonly #by: { sql: Sql; clock: Pick<Clock, 'now'>; heads: NetworkHeads; liveness: Liveness };
  /** The database is the one thing whose outage can be written only afterwards. */
  #databaseAwaySince: number | undefined;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'>; heads: NetworkHeads; liveness: Liveness }) {
    this.#by = by;
  }

  async tick(): Promise<void> {
    const { sql, clock, heads, liveness } = this.#by;
    const now = clock.now();
    const at = liveness.at();
    const age = headsAge(heads, now);
    const open: IncidentKind[] = [];
    if (age !== undefined && age > HEADS_STALL_MS) open.push('heads');
    if (judgedAt(at) !== at.now) open.push('freeze');
    const away = this.#databaseAwaySince;
    try {
      await sql.begin(async (tx) => {
        await tx`update hub_incidents set ended_at = ${new Date(now)}
          where ended_at is null and kind <> all(${open}::text[])`;
        for (const kind of open)
          await tx`insert into hub_incidents (kind, started_at) values (${kind}, ${new Date(now)}) on conflict do nothing`;
        if (away !== undefined)
          await tx`insert into hub_incidents (kind, started_at, ended_at) values ('database', ${new Date(away)}, ${new Date(now)})`;
      });
      this.#databaseAwaySince = undefined;
    } catch (error) {
      this.#databaseAwaySince ??= now;
      throw error;
    }
  }

  /** The newest, whether it lasts or not. */
  async last(): Promise<Incident | undefined> {
    const [row] = await this.#by.sql<{ kind: IncidentKind; started_at: Date; ended_at: Date | null }[]>`
      select kind, started_at, ended_at from hub_incidents order by started_at desc, id desc limit 1`;
    return row && { kind: row.kind, startedAt: row.started_at.getTime(), endedAt: row.ended_at?.getTime() };
  }
}
