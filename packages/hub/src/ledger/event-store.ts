import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Kind, LedgerEvent } from './event.ts';

interface EventRow {
  sequence: bigint;
  hour: number;
  kind: Kind;
  revision: number;
  node_id: string;
  account_id: string;
  ref: string;
  amount: string;
  minutes: bigint;
  micro_score: number;
  score_version: number;
  ran_at: Date;
  hash: Uint8Array;
}

/** An event as its owner reads it. */
export interface ListedEvent extends Omit<LedgerEvent, 'ownerId'> {
  /** Of the node; undefined where there is none, or it is not (any more) the reader's. */
  readonly label: string | undefined;
}

export interface EventCursor {
  readonly ranAt: number;
  readonly sequence: number;
}

const READ = 10_000;

/** Reads events. */
export class EventStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** All of them in their order. @param tx which sees them at one moment. */
  async *all(tx: Sql | TransactionSql): AsyncGenerator<readonly LedgerEvent[]> {
    const rows = tx<
      EventRow[]
    >`select sequence, hour, kind, revision, node_id, account_id, ref, amount::text as amount, minutes,
      micro_score, score_version, ran_at, hash from stoicism_events order by sequence`;
    for await (const page of rows.cursor(READ)) yield page.map(eventOf);
  }

  /** What an owner's nodes and accounts were given and lost, the newest first; from behind `before`. */
  async page(
    email: string,
    { before, limit }: { before?: EventCursor | undefined; limit: number },
  ): Promise<{ events: ListedEvent[]; next: EventCursor | undefined }> {
    const sql = this.#sql;
    const below =
      before === undefined
        ? sql`true`
        : sql`(e.ran_at, e.sequence) < (${new Date(before.ranAt)}, ${before.sequence})`;
    const rows = await sql<(EventRow & { label: string | null })[]>`
      select e.*, n.label from (select * from stoicism_events e where e.owner_email = ${email} and ${below}
        order by e.ran_at desc, e.sequence desc limit ${limit + 1}) e
      left join nodes n on n.node_id = e.node_id and n.owner = ${email} order by e.ran_at desc, e.sequence desc`;
    const events = rows.slice(0, limit).map((row) => ({ ...eventOf(row), label: row.label ?? undefined }));
    const last = events.at(-1);
    return { events, next: rows.length > limit && last !== undefined ? last : undefined };
  }
}

function eventOf(row: EventRow): LedgerEvent {
  return {
    sequence: Number(row.sequence),
    hour: row.hour,
    kind: row.kind,
    revision: row.revision,
    nodeId: row.node_id,
    accountId: row.account_id,
    ref: row.ref,
    amount: BigInt(row.amount),
    basis: { minutes: row.minutes, microScore: row.micro_score, scoreVersion: row.score_version },
    ranAt: row.ran_at.getTime(),
    hash: row.hash,
    ownerId: undefined,
  };
}
