import type { Sql } from '#seams/db-adapter/index.ts';
import { Batcher } from '../batcher.ts';
import type { Clock } from '../clock.ts';
import { storableJson } from '../storable.ts';

export type NodeEventKind =
  | 'enrolled'
  | 'session-opened'
  | 'session-closed'
  | 'stale-copy'
  | 'live-clone'
  | 'adopted'
  | 'key-rotated'
  | 'old-key-used'
  | 'invalid-header'
  | 'result-conflict';

interface NodeEvent {
  readonly at: Date;
  readonly node_id: string;
  readonly kind: NodeEventKind;
  readonly detail: Readonly<Record<string, string | number>>;
}

const REPEAT_MS = 60_000;
const REMEMBERED = 50_000;
/** An event is for people: in a reconnect storm it may wait for a thousand others. */
const WINDOW = { windowMs: 50, maxItems: 1_000 };

/** Append-only events of nodes. The same kind for one node is written once a minute at most, whatever a peer does. */
export class NodeEventLog {
  readonly #clock: Clock;
  readonly #last = new Map<string, number>();
  readonly #writes: Batcher<NodeEvent, undefined>;

  constructor(by: { sql: Sql; clock: Clock }) {
    const { sql, clock } = by;
    this.#clock = clock;
    this.#writes = new Batcher({ clock, ...WINDOW }, async (events) => {
      await sql`insert into node_events (at, node_id, kind, detail)
        select at, node_id, kind, detail from json_to_recordset(${storableJson(events)}::text::json)
          as e(at timestamptz, node_id text, kind text, detail jsonb)`;
      return events.map(() => undefined);
    });
  }

  /** Resolves when it is written, or need not be. */
  async append(kind: NodeEventKind, nodeId: string, detail: NodeEvent['detail']): Promise<void> {
    const now = this.#clock.now();
    const key = `${kind}|${nodeId}`;
    if (now - (this.#last.get(key) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return;
    if (this.#last.size >= REMEMBERED) this.#forget(now);
    this.#last.set(key, now);
    await this.#writes.submit({ at: new Date(now), node_id: nodeId, kind, detail });
  }

  /** First what repeats no more; then, where that is not enough, all: an event too many is better than memory without end. */
  #forget(now: number): void {
    for (const [key, at] of this.#last) if (now - at >= REPEAT_MS) this.#last.delete(key);
    if (this.#last.size >= REMEMBERED) this.#last.clear();
  }
}
