import type { PendingQuery, Row as SqlRow } from 'postgres';
import type { Sql, TransactionSql } from '#seams/db-adapter/index.ts';
import type { Dispute, DisputeDecision, DisputedNode, DisputeEvidence, DisputeKind } from './dispute.ts';

/** What is kept of a dispute's evidence: the newest. */
const MOST_EVIDENCE = 10;
/** So long a node that was decided of is not disputed anew over the same: containers of one host are nodes by right. */
const DECIDED_MS = 90 * 24 * 3_600_000;

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
  decided_at: Date | null;
  nodes: readonly NodeRow[];
}

interface NodeRow {
  node_id: string;
  owner_id: string | null;
  decision: DisputeDecision | null;
  /** Milliseconds since 1970. */
  decided_at: number | null;
  reason: string | null;
}

/** A condition over the alias n (nodes): it stands in a dispute, and nobody has decided of it. */
export function isDisputed(sql: Sql): PendingQuery<SqlRow[]> {
  return sql`exists (select from sybil_disputed_nodes dn where dn.node_id = n.node_id and dn.decision is null)`;
}

/** Disputes, from their first evidence to what was decided: the only SQL of their tables. */
export class DisputeStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Opens it, or adds to the open one, of nodes that were not decided of lately. Returns whether it was opened by this. */
  raise({ disputeId, kind, subject, at, evidence, nodeIds }: Raised): Promise<boolean> {
    const now = new Date(at);
    return this.#sql.begin(async (tx) => {
      const named = await tx<{ id: string }[]>`
        select id from unnest(${[...nodeIds]}::text[]) id where not exists (
          select from sybil_disputed_nodes dn join sybil_disputes d using (dispute_id)
          where dn.node_id = id and d.kind = ${kind} and d.subject = ${subject}
            and dn.decided_at > ${new Date(at - DECIDED_MS)})`;
      if (named.length === 0) return false;
      const [open] = await tx<{ dispute_id: string }[]>`
        insert into sybil_disputes (dispute_id, kind, subject, opened_at, last_at, evidence)
        values (${disputeId}, ${kind}, ${subject}, ${now}, ${now}, '[]'::jsonb)
        on conflict (kind, subject) where decided_at is null do update set last_at = excluded.last_at
        returning dispute_id`;
      const id = open!.dispute_id;
      const [held] = await tx<{ evidence: DisputeEvidence[] }[]>`
        select evidence from sybil_disputes where dispute_id = ${id}`;
      const all = newest([...held!.evidence, ...evidence]);
      await tx`update sybil_disputes set evidence = ${tx.json(all as never)} where dispute_id = ${id}`;
      await tx`insert into sybil_disputed_nodes (dispute_id, node_id)
        select ${id}, * from unnest(${named.map((one) => one.id)}::text[]) on conflict do nothing`;
      return id === disputeId;
    }) as Promise<boolean>;
  }

  /** Open ones first, then the newest, so many. */
  list(count: number): Promise<Dispute[]> {
    return this.#read(this.#sql`order by d.decided_at is not null, d.last_at desc limit ${count}`);
  }

  /** Those in which it stands, open or upheld. */
  ofNode(nodeId: string): Promise<Dispute[]> {
    return this.#read(this.#sql`where exists (
        select from sybil_disputed_nodes x where x.dispute_id = d.dispute_id and x.node_id = ${nodeId}
          and x.decision is distinct from 'dismissed')
      order by d.last_at desc limit 20`);
  }

  /**
   * Of those nodes, or of all that are open. Returns of which it was decided, or undefined where one of them is not open: then the
   * transaction must not be kept.
   */
  async decide(
    tx: TransactionSql,
    disputeId: string,
    by: { word: DisputeDecision; at: number; reason: string; nodeIds: readonly string[] | undefined },
  ): Promise<{ kind: DisputeKind; subject: string; nodeIds: string[] } | undefined> {
    const { word, reason, nodeIds } = by;
    const at = new Date(by.at);
    // Nobody adds to it meanwhile.
    const [dispute] = await tx<{ kind: DisputeKind; subject: string }[]>`
      select kind, subject from sybil_disputes where dispute_id = ${disputeId} and decided_at is null for update`;
    if (dispute === undefined) return undefined;
    const rows = await tx<{ node_id: string }[]>`
      update sybil_disputed_nodes set decision = ${word}, decided_at = ${at}, reason = ${reason}
      where dispute_id = ${disputeId} and decision is null
        ${nodeIds === undefined ? tx`` : tx`and node_id = any(${[...nodeIds]}::text[])`}
      returning node_id`;
    if (rows.length === 0 || rows.length !== (nodeIds?.length ?? rows.length)) return undefined;
    await tx`update sybil_disputes set decided_at = ${at} where dispute_id = ${disputeId} and not exists (
      select from sybil_disputed_nodes where dispute_id = ${disputeId} and decision is null)`;
    return { ...dispute, nodeIds: rows.map((row) => row.node_id).sort() };
  }

  async #read(which: PendingQuery<SqlRow[]>): Promise<Dispute[]> {
    const rows = await this.#sql<Row[]>`
      select d.*, (
        select coalesce(jsonb_agg(jsonb_build_object('node_id', dn.node_id, 'owner_id', p.owner_id,
            'decision', dn.decision, 'decided_at', (extract(epoch from dn.decided_at) * 1000)::bigint,
            'reason', dn.reason) order by dn.node_id), '[]')
        from sybil_disputed_nodes dn left join nodes n on n.node_id = dn.node_id
          left join payout_people p on p.email = n.owner
        where dn.dispute_id = d.dispute_id) as nodes
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
  return {
    ...{ disputeId: row.dispute_id, kind: row.kind, subject: row.subject, nodes: row.nodes.map(nodeOf) },
    ...{ openedAt: row.opened_at.getTime(), lastAt: row.last_at.getTime(), evidence: row.evidence },
    isOpen: row.decided_at === null,
  };
}

function nodeOf({
  node_id: nodeId,
  owner_id,
  decision: word,
  decided_at: at,
  reason,
}: NodeRow): DisputedNode {
  return {
    ...{ nodeId, ownerId: owner_id ?? undefined },
    decision: word !== null && at !== null ? { word, at, reason: reason ?? '' } : undefined,
  };
}
