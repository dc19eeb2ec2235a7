import type { Kind } from '#ledger/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { type Reader, readerId } from '../console/live-log.ts';

/** Where somebody is in the ledger: events have the order of their times, then of their numbers. */
export interface Place {
  readonly ranAt: number;
  readonly sequence: number;
}

export interface FeedEvent extends Place {
  readonly hour: number;
  readonly kind: Kind;
  readonly revision: number;
  readonly nodeId: string;
  /** Units of 1e-12 points. */
  readonly amount: bigint;
}

/** With all that a table of one's own wants to know. */
export interface ExportedEvent extends FeedEvent {
  /** Empty where there is none, or it is not (any more) the reader's. The account is empty where there is none. */
  readonly label: string;
  readonly account: string;
  readonly ref: string;
  readonly minutes: bigint;
  readonly microScore: number;
  readonly scoreVersion: number;
  /** It came after the last reset of the ledger. */
  readonly isInForce: boolean;
}

interface FeedRow {
  owner: string;
  place: string;
  ran_at: Date;
  sequence: bigint;
  hour: number;
  kind: Kind;
  revision: number;
  node_id: string;
  amount: string;
}

interface ExportRow extends FeedRow {
  label: string | null;
  account: string | null;
  ref: string;
  minutes: bigint;
  micro_score: number;
  score_version: number;
  in_force: boolean;
}

/** Read at a time. */
const ROWS = 2_000;

/** An owner's events in the order in which they were written: numbers and times are given in the order of commits. */
export class FeedStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The end of the ledger. */
  async end(): Promise<Place> {
    const [row] = await this.#sql<
      { ran_at: Date; sequence: bigint }[]
    >`select ran_at, sequence from ledger_head`;
    return { ranAt: row?.ran_at.getTime() ?? 0, sequence: Number(row?.sequence ?? 0n) };
  }

  /** Events behind each reader's place, by `readerId`, the oldest first; one more than `limit` where there are more. */
  async after(readers: readonly Reader[], limit: number): Promise<Map<string, FeedEvent[]>> {
    const places = readers.map(({ place }) => placeOf(place));
    const rows = await this.#sql<FeedRow[]>`
      select r.owner, r.place, e.* from unnest(${readers.map(({ key }) => key)}::text[],
        ${readers.map(({ place }) => place)}::text[], ${places.map(({ ranAt }) => new Date(ranAt).toISOString())}::text[]::timestamptz[],
        ${places.map(({ sequence }) => sequence)}::bigint[]) r(owner, place, ran_at, sequence)
      cross join lateral (select ran_at, sequence, hour, kind, revision, node_id, amount::text as amount
        from stoicism_events e where e.owner_email = r.owner and (e.ran_at, e.sequence) > (r.ran_at, r.sequence)
        order by e.ran_at, e.sequence limit ${limit + 1}) e
      order by e.ran_at, e.sequence`;
    return Map.groupBy(
      rows.map((row) => ({ ...eventOf(row), id: readerId({ key: row.owner, place: row.place }) })),
      ({ id }) => id,
    );
  }

  /** Everything, the oldest first; a statement a page, so that who reads slowly holds no connection and no snapshot meanwhile. */
  async *all(email: string, limit = ROWS): AsyncGenerator<readonly ExportedEvent[]> {
    let rows: readonly ExportRow[];
    let from: { readonly ran_at: Date; readonly sequence: bigint } = { ran_at: new Date(0), sequence: 0n };
    do {
      rows = await this.#sql<ExportRow[]>`
        select e.sequence, e.ran_at, e.hour, e.kind, e.revision, e.node_id, n.label, a.account, e.ref,
          e.amount::text as amount, e.minutes, e.micro_score, e.score_version,
          e.sequence > coalesce(h.reset_sequence, 0) as in_force
        from (select * from stoicism_events e
          where e.owner_email = ${email} and (e.ran_at, e.sequence) > (${from.ran_at}, ${from.sequence})
          order by e.ran_at, e.sequence limit ${limit}) e
          left join ledger_head h on true left join nodes n on n.node_id = e.node_id and n.owner = ${email}
          left join payout_accounts a on a.account_id = e.account_id
        order by e.ran_at, e.sequence`;
      yield rows.map(exportedOf);
      from = rows.at(-1) ?? from;
    } while (rows.length === limit);
  }

  /** The newest up to a place, the newest last. */
  async newest(email: string, upTo: Place, limit: number): Promise<FeedEvent[]> {
    const rows = await this.#sql<FeedRow[]>`
      select ran_at, sequence, hour, kind, revision, node_id, amount::text as amount from stoicism_events
      where owner_email = ${email} and (ran_at, sequence) <= (${new Date(upTo.ranAt)}, ${upTo.sequence})
      order by ran_at desc, sequence desc limit ${limit}`;
    return rows.map(eventOf).reverse();
  }
}

/** As the id of a message has it; undefined for what is no place. */
export function readPlace(text: string): Place | undefined {
  const found = /^(\d{1,14})\.(\d{1,15})$/.exec(text);
  return found === null ? undefined : { ranAt: Number(found[1]), sequence: Number(found[2]) };
}

export function writePlace({ ranAt, sequence }: Place): string {
  return `${ranAt}.${sequence}`;
}

function placeOf(text: string): Place {
  return readPlace(text) ?? { ranAt: 0, sequence: 0 };
}

function exportedOf(row: ExportRow): ExportedEvent {
  return {
    ...eventOf(row),
    ...{ label: row.label ?? '', account: row.account ?? '', ref: row.ref, minutes: row.minutes },
    ...{ microScore: row.micro_score, scoreVersion: row.score_version, isInForce: row.in_force },
  };
}

function eventOf(row: FeedRow): FeedEvent {
  return {
    ranAt: row.ran_at.getTime(),
    sequence: Number(row.sequence),
    hour: row.hour,
    kind: row.kind,
    revision: row.revision,
    nodeId: row.node_id,
    amount: BigInt(row.amount),
  };
}
