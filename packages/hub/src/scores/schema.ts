import { sql } from 'drizzle-orm';
import {
  bigint,
  bigserial,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uuid,
} from 'drizzle-orm/pg-core';
import { bytea, instant, nodeIdColumn } from '../columns.ts';

/** Append-only: what earns the full weight of each part in this region, from an hour on. Version 0 is the published table, in code. */
export const scoreBaselines = pgTable('score_baselines', {
  version: integer('version').primaryKey(),
  /** Hours since 1970 by the hub's clock: the first in which it counts. */
  hubHour: integer('hub_hour').notNull(),
  /** Thousandths by part. */
  baselines: jsonb('baselines').$type<Readonly<Record<string, number>>>().notNull(),
  setBy: text('set_by').notNull(),
  setAt: instant('set_at').notNull(),
  reason: text('reason').notNull(),
});

/** Successful benchmarks, as their signed results said: what a score is made of, again where a baseline changes. */
export const benchmarkRuns = pgTable(
  'benchmark_runs',
  {
    jobId: uuid('job_id').notNull(),
    attempt: smallint('attempt').notNull(),
    nodeId: nodeIdColumn('node_id').notNull(),
    endedAt: instant('ended_at').notNull(),
    /** `Measured`, after what the hub's clock allowed; empty where it was refused. */
    measured: jsonb('measured').$type<Readonly<Record<string, unknown>>>().notNull(),
    hwType: text('hw_type').notNull(),
    committedGb: integer('committed_gb').notNull(),
    /** Why it can't be scored; empty where it can. */
    fault: text('fault').notNull(),
    /** accepted or refused; null while nobody has decided on what is above the caps. */
    decision: text('decision'),
    decidedBy: text('decided_by'),
    decidedAt: instant('decided_at'),
    decisionReason: text('decision_reason'),
  },
  (table) => [
    primaryKey({ columns: [table.jobId, table.attempt] }),
    index('benchmark_runs_node').on(table.nodeId, table.endedAt),
    index('benchmark_runs_ended').on(table.endedAt),
  ],
);

/** Append-only: every ServerScore that a node had. Versions count up for each node; a change counts from the next full hour. */
export const scores = pgTable(
  'scores',
  {
    nodeId: nodeIdColumn('node_id').notNull(),
    version: integer('version').notNull(),
    /** In the order in which they were committed: one writer at a time. */
    seq: bigserial('seq', { mode: 'bigint' }).notNull().unique(),
    hubHour: integer('hub_hour').notNull(),
    /** Whole 1e-6. */
    micro: integer('micro').notNull(),
    /** What it would be if an admin accepted what is above the caps. */
    reviewMicro: integer('review_micro').notNull(),
    /** benchmark, baselines or review. */
    cause: text('cause').notNull(),
    jobId: uuid('job_id').notNull(),
    attempt: smallint('attempt').notNull(),
    baselineVersion: integer('baseline_version').notNull(),
    committedGb: integer('committed_gb').notNull(),
    /** The protocol's, of the breakdown: what a receipt names. */
    hash: bytea('hash').notNull(),
    at: instant('at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.nodeId, table.version] }),
    // What the caps hold back, the most first.
    index('scores_held_back')
      .on(sql`(${table.reviewMicro} - ${table.micro}) desc`, table.nodeId)
      .where(sql`${table.reviewMicro} > ${table.micro}`),
  ],
);

/** Append-only: canonical JSON of what went in and what each part earned. Apart from the scores, which are read by the hundred thousand. */
export const scoreBreakdowns = pgTable(
  'score_breakdowns',
  {
    nodeId: nodeIdColumn('node_id').notNull(),
    version: integer('version').notNull(),
    breakdown: text('breakdown').notNull(),
  },
  (table) => [primaryKey({ columns: [table.nodeId, table.version] })],
);

/** What nodes answered to nonces while a benchmark ran: the hub's own clock behind their figures. */
export const benchmarkWork = pgTable(
  'benchmark_work',
  {
    jobId: uuid('job_id').notNull(),
    attempt: smallint('attempt').notNull(),
    part: text('part').notNull(),
    nonce: bytea('nonce').notNull(),
    askedAt: instant('asked_at').notNull(),
    answeredAt: instant('answered_at'),
    /** Of all lanes. */
    steps: bigint('steps', { mode: 'bigint' }),
    /** `workClaimKind`, sealed by the node: names the hash of its answer. */
    sealed: bytea('sealed'),
    /** Of the stretches that were done again; null until then. */
    verdict: text('verdict'),
  },
  (table) => [
    primaryKey({ columns: [table.jobId, table.attempt, table.part] }),
    index('benchmark_work_asked').on(table.askedAt),
  ],
);
