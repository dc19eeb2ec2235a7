import { type SQL, sql } from 'drizzle-orm';
import {
  type AnyPgColumn,
  bigint,
  boolean,
  index,
  integer,
  pgSequence,
  pgTable,
  smallint,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { bytea, instant, nodeIdColumn } from '../columns.ts';
import { KEEPSAKE_LIST } from './state.ts';

/** Rises with every lease of the region; the restore generation stands above it (`fencingToken`). */
export const jobFencing = pgSequence('job_fencing', { startWith: 1 });

/** One submit: one row a node in `jobs`. */
export const jobBatches = pgTable(
  'job_batches',
  {
    batchId: uuid('batch_id').primaryKey(),
    /** agent: pulled by agents. ssh: taken by a worker. */
    run: text('run').notNull(),
    kind: text('kind').notNull(),
    /** Canonical text (`formatParams`): what an order signs the hash of. */
    params: text('params').notNull(),
    selector: text('selector').notNull(),
    nodeCount: integer('node_count').notNull(),
    /** E-mail of who submitted it, or made the schedule that did. */
    createdBy: text('created_by').notNull(),
    createdAt: instant('created_at').notNull(),
    /** Waits for a second approver: its jobs are held until then. */
    needsApproval: boolean('needs_approval').notNull().default(false),
    approvedBy: text('approved_by'),
    approvedAt: instant('approved_at'),
    orderId: uuid('order_id'),
    /** `orderKind`, sealed as it came. */
    orderSealed: bytea('order_sealed'),
    /** E-mail of whose key signed it: not who gives the second word. */
    signedBy: text('signed_by'),
    /** Whose turn it was; null for what a person submitted. */
    scheduleId: uuid('schedule_id'),
  },
  (table) => [
    index('job_batches_created').on(table.createdAt),
    uniqueIndex('job_batches_order').on(table.orderId),
  ],
);

function keepsake(table: { readonly state: AnyPgColumn; readonly kind: AnyPgColumn }): SQL {
  return sql`${table.state} = 'succeeded' and ${table.kind} in (${sql.raw(KEEPSAKE_LIST)})`;
}

/**
 * One piece of work on one node: the truth about it (§16.5). Its state machine stands in `state.ts`. No foreign key to
 * nodes: jobs outlive what they were done on.
 */
export const jobs = pgTable(
  'jobs',
  {
    jobId: uuid('job_id').primaryKey().default(sql`gen_random_uuid()`),
    batchId: uuid('batch_id').notNull(),
    nodeId: nodeIdColumn('node_id').notNull(),
    /** The node's owner when it was submitted: who sees it, and whose caps it counts against. */
    owner: text('owner').notNull(),
    run: text('run').notNull(),
    kind: text('kind').notNull(),
    /** read, disruptive or code. */
    class: text('class').notNull(),
    /** Takes the node's one slot for work that changes it. */
    mutating: boolean('mutating').notNull(),
    idempotent: boolean('idempotent').notNull(),
    params: text('params').notNull(),
    state: text('state').notNull().default('queued'),
    /** Not to be begun yet: its batch waits for a second approver. */
    held: boolean('held').notNull().default(false),
    attempt: smallint('attempt').notNull().default(0),
    maxAttempts: smallint('max_attempts').notNull(),
    /** Of the newest lease; null before the first, and where it is queued for a new one. */
    fencingToken: bigint('fencing_token', { mode: 'number' }),
    /** The agent has this lease in its journal. */
    acked: boolean('acked').notNull().default(false),
    leasedAt: instant('leased_at'),
    leasedUntil: instant('leased_until'),
    /** Hub instance or worker that gave the lease out or renewed it last. */
    instance: text('instance'),
    sessionEpoch: bigint('session_epoch', { mode: 'bigint' }),
    /** Coarse network of the node while it has the lease: caps count by it. */
    site: text('site'),
    scheduledAt: instant('scheduled_at').notNull(),
    /** Must not be started after it. */
    deadline: instant('deadline').notNull(),
    idempotencyKey: uuid('idempotency_key').notNull().default(sql`gen_random_uuid()`),
    orderId: uuid('order_id'),
    createdAt: instant('created_at').notNull(),
    startedAt: instant('started_at'),
    endedAt: instant('ended_at'),
    /** Stable code of why it did not succeed. */
    code: text('code').notNull().default(''),
    message: text('message').notNull().default(''),
    /** What the kind reports, as JSON; empty for nothing. */
    report: text('report').notNull().default(''),
    /** Per cent; null where the kind can't tell. */
    progress: smallint('progress'),
    step: text('step').notNull().default(''),
    logBytes: integer('log_bytes').notNull().default(0),
    /** Instance whose disk has the log. */
    logInstance: text('log_instance'),
    /** Why somebody wants it ended; null while nobody does. */
    cancelWanted: text('cancel_wanted'),
  },
  (table) => [
    index('jobs_kind').on(table.kind, table.state, table.scheduledAt),
    index('jobs_batch').on(table.batchId, table.state),
    index('jobs_node').on(table.nodeId, table.createdAt),
    index('jobs_created').on(table.createdAt, table.jobId),
    // What goes after 30 days, and what is kept for longer (`KEEPSAKE_KINDS`): the hourly search passes over neither.
    index('jobs_ended')
      .on(table.endedAt)
      .where(sql`${table.endedAt} is not null and not (${keepsake(table)})`),
    index('jobs_keepsakes').on(table.endedAt).where(keepsake(table)),
    // What is not over on a node: leases are given by it.
    index('jobs_open').on(table.nodeId, table.scheduledAt).where(sql`${table.endedAt} is null`),
    // Unknown ones too: what was never acknowledged is sent again.
    index('jobs_due')
      .on(table.scheduledAt, table.jobId)
      .where(sql`${table.state} in ('queued', 'unknown') and not ${table.held}`),
    // What the caps count of a day.
    index('jobs_mutating').on(table.leasedAt).where(sql`${table.mutating} and ${table.run} = 'agent'`),
    index('jobs_leases').on(table.leasedUntil).where(sql`${table.state} in ('leased', 'running')`),
  ],
);

/** Every result that came, late ones too, with the receipt that answered it: the node's own chain of them. */
export const jobResults = pgTable(
  'job_results',
  {
    /** `hash` of the sealed result: what its receipt names. */
    resultHash: bytea('result_hash').primaryKey(),
    jobId: uuid('job_id').notNull(),
    attempt: smallint('attempt').notNull(),
    nodeId: nodeIdColumn('node_id').notNull(),
    /** `jobResultKind`, sealed as it came. */
    sealed: bytea('sealed').notNull(),
    /** The payload of JobReceipt as it goes out. */
    receipt: bytea('receipt').notNull(),
    /** recorded or late. */
    taken: text('taken').notNull(),
    number: bigint('number', { mode: 'number' }).notNull(),
    previous: bytea('previous').notNull(),
    /** follows, gap (numbers are missing, as after a restore) or conflict (the node has two histories). */
    link: text('link').notNull(),
    at: instant('at').notNull(),
  },
  (table) => [
    index('job_results_job').on(table.jobId, table.attempt),
    index('job_results_node').on(table.nodeId, table.number),
    index('job_results_at').on(table.at),
  ],
);

/** What a node said it can and will do (`WorkPolicy`), and how far its chain of results got. */
export const nodeWork = pgTable(
  'node_work',
  {
    nodeId: nodeIdColumn('node_id').primaryKey(),
    /** Kinds that its build has a handler for. */
    kinds: text('kinds').array().notNull().default(sql`'{}'::text[]`),
    /** Of these, the ones that its local policy allows: for the blast radius, never a decision (the node decides). */
    runs: text('runs').array().notNull().default(sql`'{}'::text[]`),
    policy: text('policy').notNull().default(''),
    /** Keys (hex) of its `admin` lines: whose orders of guarded kinds it takes besides its owner's. Shown, as `runs` is. */
    admins: text('admins').array().notNull().default(sql`'{}'::text[]`),
    fault: text('fault').notNull().default(''),
    paused: boolean('paused').notNull().default(false),
    site: text('site').notNull().default(''),
    saidAt: instant('said_at').notNull(),
    resultNumber: bigint('result_number', { mode: 'number' }).notNull().default(0),
    resultHash: bytea('result_hash'),
  },
  (table) => [index('node_work_site').on(table.site)],
);

/** Hub instances and workers that hold leases or logs: whose leases get the failover grace, and where logs are asked for. */
export const jobHolders = pgTable('job_holders', {
  instance: text('instance').primaryKey(),
  /** Where its peers reach it; empty where they don't. */
  url: text('url').notNull().default(''),
  seenAt: instant('seen_at').notNull(),
});

/** Work of class read that is submitted again and again: what changes a node takes an order signed for that one time. */
export const jobSchedules = pgTable('job_schedules', {
  scheduleId: uuid('schedule_id').primaryKey(),
  kind: text('kind').notNull(),
  params: text('params').notNull(),
  selector: text('selector').notNull(),
  everyMs: bigint('every_ms', { mode: 'number' }).notNull(),
  nextAt: instant('next_at').notNull(),
  createdBy: text('created_by').notNull(),
  createdAt: instant('created_at').notNull(),
  endedAt: instant('ended_at'),
});
