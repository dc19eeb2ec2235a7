import type { Kind } from '#ledger/index.ts';
import { ownedSince } from '#payouts/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import { startOf } from '../hub-hour.ts';
import type { KindSums } from './sums.ts';

export interface OwnNode {
  readonly nodeId: string;
  readonly label: string;
  /** What waits for the end of its warm-up, to accounts that the owner chose. */
  readonly pending: bigint;
}

/** A place among an owner's nodes. */
export interface NodePlace {
  readonly label: string;
  readonly nodeId: string;
}

/** What keeps an owner's nodes from earning at all, in nodes. */
export interface Obstacles {
  readonly nodes: number;
  readonly withoutAccount: number;
  readonly withoutScore: number;
}

export interface StandingOf {
  /** By node; under '' what no node earned. */
  readonly written: ReadonlyMap<string, KindSums>;
  /** Hour -> nodes. */
  readonly open: ReadonlyMap<number, readonly { readonly nodeId: string }[]>;
}

const DAY_HOURS = 24;

/** What an owner earned, out of the ledger. */
export class EarningsStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async obstacles(email: string, hubHour: number): Promise<Obstacles> {
    const [row] = await this.#sql<Obstacles[]>`
      select count(*)::int as nodes, (count(*) filter (where listed_unpaid))::int as "withoutAccount", (count(*) filter (where not exists (
        select from scores s where s.node_id = n.node_id and s.hub_hour <= ${hubHour})))::int as "withoutScore"
      from nodes n where owner = ${email} and retired_at is null`;
    return row!;
  }

  /** By what a person's own earnings are told from others'; undefined for who never chose an account. */
  async ownerId(email: string): Promise<string | undefined> {
    const [row] = await this.#sql<{ owner_id: string }[]>`
      select owner_id from payout_people where email = ${email}`;
    return row?.owner_id;
  }

  /** From which hour on a node is its owner's: what it earned before is somebody else's to know. */
  ownedSince(nodeId: string, hubHour: number): Promise<number> {
    return ownedSince(this.#sql, nodeId, hubHour);
  }

  /** By label. */
  async nodes(email: string, after: NodePlace | undefined, limit: number): Promise<OwnNode[]> {
    const { label, nodeId } = after ?? { label: '', nodeId: '' };
    const rows = await this.#sql<{ node_id: string; label: string; pending: string }[]>`
      select n.node_id, n.label,
        (select coalesce(sum(amount), 0)::text from ledger_pending p where p.node_id = n.node_id and exists (
          select from payout_choices c where c.owner = ${email} and c.account_id = p.account_id)) as pending
      from (select node_id, label from nodes
        where owner = ${email} and retired_at is null and (label, node_id) > (${label}, ${nodeId})
        order by label, node_id limit ${limit}) n order by n.label, n.node_id`;
    return rows.map((row) => ({
      ...{ nodeId: row.node_id, label: row.label, pending: BigInt(row.pending) },
    }));
  }

  /**
   * What the ledger wrote about hours from this one on, by node, and of the owner's nodes the hours that it has still to
   * write about: both as of one moment, so that no hour counts twice and none is left out while it is being closed.
   */
  async standing(email: string, { from, current }: { from: number; current: number }): Promise<StandingOf> {
    const rows = await this.#sql<
      { node_id: string; kind: Kind | null; amount: string | null; hour: number | null }[]
    >`select node_id, kind, sum(amount)::text as amount, null::int as hour from stoicism_events
      where owner_email = ${email} and ran_at >= ${new Date(startOf(from))} and hour between ${from} and ${current}
      group by 1, 2
      union all select n.node_id, null, null, h from generate_series(${from}::int, ${current}::int) h
        cross join nodes n where n.owner = ${email} and n.retired_at is null
          and not exists (select from ledger_hours l where l.hour = h and l.closed_at is not null)
          and not exists (select from stoicism_events e where e.hour = h and e.node_id = n.node_id
            and e.kind in ('accrual', 'pending', 'fee', 'pending-fee'))`;
    const written = rows.flatMap(({ node_id: key, kind, amount }) =>
      kind === null || amount === null ? [] : [{ key, kind, amount }],
    );
    const open = rows.flatMap(({ node_id: nodeId, hour }) => (hour === null ? [] : [{ nodeId, hour }]));
    return { written: nested(written), open: Map.groupBy(open, ({ hour }) => hour) };
  }

  /** What the ledger wrote about hours, by day and kind. @param hours `until` exclusive. */
  async days(
    email: string,
    { from, until }: { from: number; until: number },
  ): Promise<Map<number, Map<Kind, bigint>>> {
    const rows = await this.#sql<{ day: number; kind: Kind; amount: string }[]>`
      select hour / ${DAY_HOURS} as day, kind, sum(amount)::text as amount from stoicism_events
      where owner_email = ${email} and ran_at >= ${new Date(startOf(from))} and hour >= ${from} and hour < ${until}
      group by 1, 2`;
    return nested(rows.map(({ day, kind, amount }) => ({ key: day, kind, amount })));
  }

  /** The same by node, of the nodes given. */
  async byNode(
    email: string,
    nodeIds: readonly string[],
    { from, until }: { from: number; until: number },
  ): Promise<Map<string, KindSums>> {
    const rows = await this.#sql<{ node_id: string; kind: Kind; amount: string }[]>`
      select node_id, kind, sum(amount)::text as amount from stoicism_events
      where owner_email = ${email} and ran_at >= ${new Date(startOf(from))} and hour >= ${from} and hour < ${until}
        and node_id = any(${[...nodeIds]}::text[]) group by 1, 2`;
    return nested(rows.map(({ node_id: key, kind, amount }) => ({ key, kind, amount })));
  }

  /** The first day of which anything is written; undefined: nothing is. */
  async firstDay(email: string): Promise<number | undefined> {
    const [row] = await this.#sql<{ hour: number }[]>`
      select hour from stoicism_events where owner_email = ${email} order by ran_at, sequence limit 1`;
    return row && Math.floor(row.hour / DAY_HOURS);
  }

  /** Hours before it are not read again: nothing of their minutes will be written any more. */
  async settledBefore(): Promise<number> {
    const [row] = await this.#sql<{ hour: number }[]>`
      select coalesce((select min(hour) from ledger_hours where next_pass_at is not null),
        (select max(hour) + 1 from ledger_hours), 0) as hour`;
    return row!.hour;
  }

  /** Which hours of a span the ledger has closed. */
  async closed({ from, until }: { from: number; until: number }): Promise<Set<number>> {
    const rows = await this.#sql<{ hour: number }[]>`
      select hour from ledger_hours where hour >= ${from} and hour < ${until} and closed_at is not null`;
    return new Set(rows.map(({ hour }) => hour));
  }

  /** What the ledger wrote of one node's hours, to whomever: of hours in which it was its owner's. */
  async nodeHours(
    nodeId: string,
    { from, until }: { from: number; until: number },
  ): Promise<Map<number, KindSums>> {
    const hours = Array.from({ length: until - from }, (_, i) => from + i);
    const rows = await this.#sql<{ hour: number; kind: Kind; amount: string }[]>`
      select hour, kind, sum(amount)::text as amount from stoicism_events
      where hour = any(${hours}::int[]) and node_id = ${nodeId} group by 1, 2`;
    return nested(rows.map(({ hour: key, kind, amount }) => ({ key, kind, amount })));
  }
}

function nested<Key>(
  rows: readonly { readonly key: Key; readonly kind: Kind; readonly amount: string }[],
): Map<Key, Map<Kind, bigint>> {
  const found = new Map<Key, Map<Kind, bigint>>();
  for (const { key, kind, amount } of rows) {
    const sums = found.get(key) ?? new Map<Kind, bigint>();
    found.set(key, sums.set(kind, BigInt(amount)));
  }
  return found;
}
