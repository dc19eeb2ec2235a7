import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import type { Task } from '../ticker.ts';
import { lagClassSql } from './listed-sql.ts';
import type { Liveness } from './liveness.ts';
import { stateSql } from './state-sql.ts';

/** Looking takes at most one part in this many of the time, however large the fleet is. */
const SHARE = 20;
/** Written in one statement: a region that falls silent holds no lock for long. */
const BATCH = 2_000;

interface Moved {
  node_id: string;
  state: string;
  lag: number;
}

/**
 * Keeps `listed_state` and `listed_lag` of the registry near the truth, which is derived on read: only rows whose state
 * or class of lag moved are written. Two hubs at it do no harm.
 */
export class ListedStates implements Task {
  readonly name = 'listed-states';
  readonly periodMs = 1_000;
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #liveness: Liveness;
  #notBefore = 0;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'>; liveness: Liveness }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
    this.#liveness = by.liveness;
  }

  async tick(): Promise<void> {
    const started = this.#clock.now();
    if (started < this.#notBefore) return;
    const moved = await this.#moved();
    const took = this.#clock.now() - started;
    this.#notBefore = started + took * SHARE;
    for (let i = 0; i < moved.length; i += BATCH) await this.#write(moved.slice(i, i + BATCH));
  }

  #moved(): Promise<Moved[]> {
    const sql = this.#sql;
    const state = stateSql(sql, this.#liveness.at());
    const lag = lagClassSql(sql);
    return sql<Moved[]>`select n.node_id, ${state} as state, ${lag} as lag
      from nodes n left join node_status s using (node_id)
      where n.listed_state <> ${state} or n.listed_lag <> ${lag} order by n.node_id`;
  }

  async #write(moved: readonly Moved[]): Promise<void> {
    await this.#sql`update nodes n set listed_state = m.state, listed_lag = m.lag
      from unnest(${moved.map((row) => row.node_id)}::text[], ${moved.map((row) => row.state)}::text[],
        ${moved.map((row) => row.lag)}::int[]) as m(node_id, state, lag) where n.node_id = m.node_id`;
  }
}
