import { sql } from 'drizzle-orm';
import { index, jsonb, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { instant, nodeIdColumn } from '../columns.ts';
import type { DisputeEvidence } from './dispute.ts';
import type { RoundAnswer } from './round-store.ts';

/** What the nodes of a cluster answered that were asked at once. */
export const sybilRounds = pgTable(
  'sybil_rounds',
  {
    roundId: text('round_id').primaryKey(),
    at: instant('at').notNull(),
    instanceId: text('instance_id').notNull(),
    cluster: text('cluster').notNull(),
    /** apart, in-turn, shared or unclear. */
    pace: text('pace').notNull(),
    answers: jsonb('answers').$type<readonly RoundAnswer[]>().notNull(),
  },
  (table) => [
    index('sybil_rounds_cluster').on(table.cluster, table.at),
    index('sybil_rounds_at').on(table.at),
  ],
);

/** What speaks for nodes not being what they say, until an admin decides. It changes nothing by itself. */
export const sybilDisputes = pgTable(
  'sybil_disputes',
  {
    disputeId: text('dispute_id').primaryKey(),
    /** audit, answer or certificate. */
    kind: text('kind').notNull(),
    /** The cluster, the node, the certificate. */
    subject: text('subject').notNull(),
    openedAt: instant('opened_at').notNull(),
    /** Of the newest evidence. */
    lastAt: instant('last_at').notNull(),
    /** The newest last. */
    evidence: jsonb('evidence').$type<readonly DisputeEvidence[]>().notNull(),
    /** When the last of its nodes was decided of; null while it is open. */
    decidedAt: instant('decided_at'),
  },
  (table) => [
    uniqueIndex('sybil_disputes_open').on(table.kind, table.subject).where(sql`${table.decidedAt} is null`),
    index('sybil_disputes_last').on(table.lastAt),
  ],
);

export const sybilDisputedNodes = pgTable(
  'sybil_disputed_nodes',
  {
    disputeId: text('dispute_id').notNull(),
    nodeId: nodeIdColumn('node_id').notNull(),
    /** dismissed or upheld; null while nobody has decided. By whom is in the audit log. */
    decision: text('decision'),
    decidedAt: instant('decided_at'),
    reason: text('reason'),
  },
  (table) => [
    primaryKey({ columns: [table.disputeId, table.nodeId] }),
    index('sybil_disputed_nodes_node').on(table.nodeId),
  ],
);
