import type { PendingQuery, Row as SqlRow } from 'postgres';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Dispute, DisputeDecision, DisputeEvidence, DisputeKind } from './dispute.ts';

/** What is kept of a dispute's evidence: the newest. */
const MOST_EVIDENCE = 10;
/** So long nothing is disputed anew that an admin dismissed: containers of one host are nodes by right. */
const DISMISSED_MS = 90 * 24 * 3_600_000;

export interface Raised {
  readonly disputeId: string;
  readonly kind: DisputeKind;
  readonly subject: string;
  readonly at: number;
  readonly evidence: readonly DisputeEvidence[];
  readonly nodeIds: readonly string[];
}

interface Row {
  dispute_id: string;
  kind: DisputeKind;
  subject: string;
  opened_at: Date;
  last_at: Date;
  evidence: readonly DisputeEvidence[];
  decision: DisputeDecision | null;
  decided_by: string | null;
  decided_at: Date | null;
  reason: string | null;
  node_ids: string[];
}

/** A condition over the alias n (nodes): it stands in a dispute that nobody has decided. */
export function isDisputed(sql: Sql): PendingQuery<SqlRow[]> {
  return sql`exists (select from sybil_disputed_nodes dn join sybil_disputes d using (dispute_id)
    where dn.node_id = n.node_id and d.decision is null)`;
}

/** Disputes, from their first evidence to what was decided: the only SQL of their tables. */
export class DisputeStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Opens it, or adds to the open one. Returns whether it was opened by this. */
  raise({ disputeId, kind, subject, at, evidence, nodeIds }: Raised): Promise<boolean> {
    const now = new Date(at);
    return this.#sql.begin(async (tx) => {
      const [dismissed] = await tx`select from sybil_disputes where kind = ${kind} and subject = ${subject}
        and decision = 'dismissed' and decided_at > ${new Date(at - DISMISSED_MS)} limit 1`;
      if (dismissed !== undefined) return false;
      const [open] = await tx<{ dispute_id: string }[]>`
        insert into sybil_disputes (dispute_id, kind, subject, opened_at, last_at, evidence)
        values (${disputeId}, ${kind}, ${subject}, ${now}, ${now}, '[]'::jsonb)
        on conflict (kind, subject) where decision is null do update set last_at = excluded.last_at
        returning dispute_id`;
      const id = open!.dispute_id;
      const [held] = await tx<{ evidence: DisputeEvidence[] }[]>`
        select evidence from sybil_disputes where dispute_id = ${id}`;
      const all = newest([...held!.evidence, ...evidence]);
      await tx`update sybil_disputes set evidence = ${tx.json(all as never)} where dispute_id = ${id}`;
      await tx`insert into sybil_disputed_nodes (dispute_id, node_id)
        select ${id}, * from unnest(${[...nodeIds]}::text[]) on conflict do nothing`;
      return id === disputeId;
    }) as Promise<boolean>;
  }

  /** Open ones first, then the newest, so many. */
  list(count: number): Promise<Dispute[]> {
    return this.#read(this.#sql`order by d.decision is not null, d.last_at desc limit ${count}`);
  }

  /** Those of a node, open or upheld. */
  ofNode(nodeId: string): Promise<Dispute[]> {
    return this.#read(this.#sql`where d.decision is distinct from 'dismissed' and exists (
        select from sybil_disputed_nodes x where x.dispute_id = d.dispute_id and x.node_id = ${nodeId})
      order by d.last_at desc limit 20`);
  }

  /** Returns it as it was, or undefined where there is no open one. */
  async decide(
    tx: TransactionSql,
    disputeId: string,
    decision: NonNullable<Dispute['decision']>,
  ): Promise<{ kind: DisputeKind; subject: string } | undefined> {
    const [row] = await tx<{ kind: DisputeKind; subject: string }[]>`
      update sybil_disputes set decision = ${decision.word}, decided_by = ${decision.by},
        decided_at = ${new Date(decision.at)}, reason = ${decision.reason}
      where dispute_id = ${disputeId} and decision is null returning kind, subject`;
    return row;
  }

  async #read(which: PendingQuery<SqlRow[]>): Promise<Dispute[]> {
    const rows = await this.#sql<
      Row[]
    >`select d.*, (select coalesce(array_agg(node_id order by node_id), '{}')
        from sybil_disputed_nodes dn where dn.dispute_id = d.dispute_id) as node_ids
      from sybil_disputes d ${which}`;
    return rows.map(disputeOf);
  }
}

/** One of each round, and of each pair of nodes. */
function newest(evidence: readonly DisputeEvidence[]): DisputeEvidence[] {
  const key = (one: DisputeEvidence) => (one.what === 'round' ? one.roundId : `${one.holder} ${one.rival}`);
  return [...new Map(evidence.map((one) => [key(one), one])).values()]
    .toSorted((a, b) => a.at - b.at)
    .slice(-MOST_EVIDENCE);
}

function disputeOf(row: Row): Dispute {
  const { decision: word, decided_by: by, decided_at: at, reason } = row;
  return {
    ...{ disputeId: row.dispute_id, kind: row.kind, subject: row.subject, nodeIds: row.node_ids },
    ...{ openedAt: row.opened_at.getTime(), lastAt: row.last_at.getTime(), evidence: row.evidence },
    decision: word && by && at ? { word, by, at: at.getTime(), reason: reason ?? '' } : undefined,
  };
}
