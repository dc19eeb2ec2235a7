import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';

export type NodeEventKind =
  | 'enrolled'
  | 'session-opened'
  | 'session-closed'
  | 'stale-copy'
  | 'live-clone'
  | 'adopted'
  | 'key-rotated'
  | 'invalid-header';

const REPEAT_MS = 60_000;

/** Append-only events of nodes. The same kind for one node is written once a minute at most, whatever a peer does. */
export class NodeEventLog {
  readonly #sql: Sql;
  readonly #clock: Clock;
  readonly #last = new Map<string, number>();

  constructor(by: { sql: Sql; clock: Clock }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
  }

  async append(
    kind: NodeEventKind,
    nodeId: string,
    detail: Readonly<Record<string, string | number>>,
  ): Promise<void> {
    const now = this.#clock.now();
    const key = `${kind}|${nodeId}`;
    if (now - (this.#last.get(key) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return;
    if (this.#last.size > 50_000) this.#last.clear();
    this.#last.set(key, now);
    await this.#sql`insert into node_events (at, node_id, kind, detail)
      values (${new Date(now)}, ${nodeId}, ${kind}, ${this.#sql.json(detail)})`;
  }
}
