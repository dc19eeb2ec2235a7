import { type Instant, judgedAt, type Liveness } from '#nodes/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';

/** What an instance that says no more had frozen thaws after this long. */
const BELIEVED_MS = 60_000;

export interface Freeze {
  readonly instanceId: string;
  readonly since: number;
  /** Nodes that fell silent together; 0: a restarted hub waits for its nodes. */
  readonly nodes: number;
}

export interface FrozenNodes {
  readonly since: number;
  readonly nodes: number;
}

/**
 * Each instance judges the silence of its own nodes only; the one that evaluates must know of all of them. While any
 * stands still, time stands still for every alert that rests on silence.
 */
export class Freezes {
  readonly #sql: Sql;
  readonly #instanceId: string;
  readonly #liveness: Pick<Liveness, 'at'>;
  readonly #mass: () => FrozenNodes | undefined;

  constructor(by: {
    sql: Sql;
    instanceId: string;
    liveness: Pick<Liveness, 'at'>;
    /** Of this instance's mass expiry. */
    mass: () => FrozenNodes | undefined;
  }) {
    this.#sql = by.sql;
    this.#instanceId = by.instanceId;
    this.#liveness = by.liveness;
    this.#mass = by.mass;
  }

  /** Tells the others of this instance's own. */
  async tell(): Promise<void> {
    const at = this.#liveness.at();
    if (at.frozenSince === undefined) {
      await this.#sql`delete from region_freezes where instance_id = ${this.#instanceId}`;
      return;
    }
    await this.#sql`insert into region_freezes (instance_id, since, nodes, told_at)
      values (${this.#instanceId}, ${new Date(at.frozenSince)}, ${this.#mass()?.nodes ?? 0}, ${new Date(at.now)})
      on conflict (instance_id) do update set since = excluded.since, nodes = excluded.nodes, told_at = excluded.told_at`;
  }

  /** All that hold, and the instant at which nodes are judged with them. */
  async read(): Promise<{ readonly at: Instant; readonly freezes: readonly Freeze[] }> {
    const at = this.#liveness.at();
    const rows = await this.#sql<{ instance_id: string; since: Date; nodes: number }[]>`
      select instance_id, since, nodes from region_freezes where told_at > ${new Date(at.now - BELIEVED_MS)}`;
    const freezes = rows.map((row) => ({
      instanceId: row.instance_id,
      since: row.since.getTime(),
      nodes: row.nodes,
    }));
    if (freezes.length === 0) return { at, freezes };
    const since = Math.min(judgedAt(at), ...freezes.map((freeze) => freeze.since));
    return { at: { ...at, frozenSince: since, graceUntil: Number.MAX_SAFE_INTEGER }, freezes };
  }
}
