import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { hubHourOf, startOf } from '../hub-hour.ts';
import type { NodePlace } from './store.ts';

export interface AdminRow extends NodePlace {
  readonly owner: string;
  /** Units of 1e-12 points that the ledger wrote of hours of today and yesterday, before fees. */
  readonly today: bigint;
  readonly yesterday: bigint;
  readonly pending: bigint;
  /** Whole 1e-6; undefined where it has none. */
  readonly score: number | undefined;
  readonly unpaid: boolean;
  /** Bits of the gates that failed when it was last judged; undefined: it never was. */
  readonly reasons: number | undefined;
}

interface Row {
  node_id: string;
  label: string;
  owner: string;
  listed_unpaid: boolean;
  today: string;
  yesterday: string;
  pending: string;
  micro: number | null;
  reasons: number | null;
}

const PAGE_ROWS = 20;
const DAY_HOURS = 24;

/** Every node's earnings, for who answers for all of them. */
export class AdminStore {
  readonly #sql: Sql;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(by: { sql: Sql; clock: Pick<Clock, 'now'> }) {
    this.#sql = by.sql;
    this.#clock = by.clock;
  }

  /** Twenty nodes by label, in one query: what is told of a node is looked up for those twenty. */
  async page(after: NodePlace | undefined): Promise<{ rows: AdminRow[]; next: NodePlace | undefined }> {
    const { label, nodeId } = after ?? { label: '', nodeId: '' };
    const hour = hubHourOf(this.#clock.now());
    const today = hour - (hour % DAY_HOURS);
    const hours = Array.from({ length: hour - today + 1 + DAY_HOURS }, (_, i) => today - DAY_HOURS + i);
    const found = await this.#sql<Row[]>`
      select n.node_id, n.label, n.owner, n.listed_unpaid, e.today, e.yesterday, p.pending, s.micro, g.reasons
      from (select node_id, label, owner, listed_unpaid from nodes
        where retired_at is null and (label, node_id) > (${label}, ${nodeId})
        order by label, node_id limit ${PAGE_ROWS + 1}) n
      cross join lateral (select coalesce(sum(amount) filter (where hour >= ${today}), 0)::text as today,
          coalesce(sum(amount) filter (where hour < ${today}), 0)::text as yesterday
        from stoicism_events e where e.hour = any(${hours}::int[]) and e.ran_at >= ${new Date(startOf(hours[0]!))}
          and e.node_id = n.node_id and e.kind in ('accrual', 'fee', 'pending', 'pending-fee')) e
      cross join lateral (select coalesce(sum(amount), 0)::text as pending
        from ledger_pending p where p.node_id = n.node_id) p
      left join lateral (select micro from scores s
        where s.node_id = n.node_id and s.hub_hour <= ${hour} order by version desc limit 1) s on true
      left join gate_states g on g.node_id = n.node_id
      order by n.label, n.node_id`;
    const rows = found.slice(0, PAGE_ROWS).map((row) => ({
      ...{ nodeId: row.node_id, label: row.label, owner: row.owner, unpaid: row.listed_unpaid },
      ...{ today: BigInt(row.today), yesterday: BigInt(row.yesterday), pending: BigInt(row.pending) },
      ...{ score: row.micro ?? undefined, reasons: row.reasons ?? undefined },
    }));
    return { rows, next: found.length > PAGE_ROWS ? rows.at(-1) : undefined };
  }
}
