import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  doublePrecision,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { bytea, instant, nodeIdColumn } from '../columns.ts';
import type { RolloutEvidence } from './rollout.ts';

/** What is to be installed now, ring by ring. Its state machine stands in `plan/course.ts`. */
export const rollouts = pgTable(
  'rollouts',
  {
    rolloutId: uuid('rollout_id').primaryKey(),
    /** payload, runtime or chainweb. */
    kind: text('kind').notNull(),
    version: text('version').notNull(),
    /** The release's metadata; null of chainweb. */
    targetsVersion: integer('targets_version'),
    /** What rings are drawn by: the hash of the release's metadata, or of the signed order. */
    targetsSha256: bytea('targets_sha256').notNull(),
    /** Platforms that the release has a target for. */
    platforms: text('platforms').array().notNull(),
    /** Of chainweb: its jobs, with their order. */
    batchId: uuid('batch_id'),
    security: boolean('security').notNull(),
    /** Nodes on a newer version take it too: a root has signed the way down. */
    downgrade: boolean('downgrade').notNull().default(false),
    state: text('state').notNull(),
    ring: smallint('ring').notNull(),
    ringSince: instant('ring_since').notNull(),
    soakSince: instant('soak_since'),
    judgedSince: instant('judged_since').notNull(),
    reason: text('reason').notNull().default(''),
    /** E-mail. */
    createdBy: text('created_by').notNull(),
    createdAt: instant('created_at').notNull(),
    /** Raised by each change: two writers do not meet unseen. */
    revision: integer('revision').notNull().default(0),
    /** Owners that a person lets take part again. */
    lifted: text('lifted').array().notNull().default(sql`'{}'::text[]`),
    /** What the last step saw. */
    evidence: jsonb('evidence').$type<RolloutEvidence>(),
  },
  (table) => [
    index('rollouts_created').on(table.createdAt),
    // Asked by every lease of work that changes nodes.
    uniqueIndex('rollouts_batch').on(table.batchId),
    // One at a time of a kind; a newer one takes the place of one that is complete.
    uniqueIndex('rollouts_one').on(table.kind).where(sql`${table.state} <> 'aborted'`),
    check('rollouts_cargo', sql`(${table.kind} = 'chainweb') = (${table.batchId} is not null)`),
    check('rollouts_state', sql`${table.state} in ('running', 'paused', 'halted', 'aborted', 'complete')`),
  ],
);

/** A node in a rollout: `assignment-state.ts`. No foreign key to nodes: what was done outlives whom it was done to. */
export const rolloutNodes = pgTable(
  'rollout_nodes',
  {
    rolloutId: uuid('rollout_id')
      .notNull()
      .references(() => rollouts.rolloutId, { onDelete: 'cascade' }),
    nodeId: nodeIdColumn('node_id').notNull(),
    /** The owner when the rings were drawn: one voice. */
    owner: text('owner').notNull(),
    ring: smallint('ring').notNull(),
    /** H(targets hash || nodeId), [0, 1). */
    bucket: doublePrecision('bucket').notNull(),
    state: text('state').notNull().default('waiting'),
    attempt: smallint('attempt').notNull().default(0),
    /** What the node is asked under: an id of its own for each time, or that of its job. */
    assignmentId: bytea('assignment_id'),
    assignedAt: instant('assigned_at'),
    sentAt: instant('sent_at'),
    deadline: instant('deadline'),
    /** When the node said that the new version runs. */
    confirmedAt: instant('confirmed_at'),
    /** When it came to an end other than that. */
    settledAt: instant('settled_at'),
    reason: text('reason').notNull().default(''),
  },
  (table) => [
    primaryKey({ columns: [table.rolloutId, table.nodeId] }),
    index('rollout_nodes_node').on(table.nodeId),
    index('rollout_nodes_owner').on(table.rolloutId, table.owner),
    index('rollout_nodes_waiting')
      .on(table.rolloutId, table.ring, table.bucket)
      .where(sql`${table.state} = 'waiting'`),
    index('rollout_nodes_due')
      .on(table.deadline)
      .where(
        sql`${table.state} in ('assigned', 'deferred', 'downloading', 'staged', 'draining', 'trying', 'recalling')`,
      ),
    index('rollout_nodes_young').on(table.rolloutId, table.confirmedAt),
    index('rollout_nodes_started').on(table.rolloutId, table.assignedAt),
    index('rollout_nodes_failed')
      .on(table.rolloutId, table.settledAt)
      .where(sql`${table.state} in ('rolled-back', 'failed', 'stuck', 'vanished')`),
  ],
);

/** The newest word of each node about its updates (`UpdateStatus`): an axis of its own beside health. */
export const nodeUpdates = pgTable(
  'node_updates',
  {
    nodeId: nodeIdColumn('node_id').primaryKey(),
    assignmentId: bytea('assignment_id'),
    state: text('state').notNull(),
    since: instant('since').notNull(),
    /** When the state ends by itself; null: it is an end. */
    until: instant('until'),
    reason: text('reason').notNull(),
    detail: text('detail').notNull(),
    lastLines: text('last_lines').array().notNull(),
    target: text('target').notNull(),
    version: text('version').notNull(),
    slot: text('slot').notNull(),
    runtime: text('runtime').notNull(),
    platform: text('platform').notNull(),
    /** Empty: updates come by hand there. */
    launcher: text('launcher').notNull(),
    updateOnly: boolean('update_only').notNull(),
    previous: text('previous').array().notNull(),
    blacklist: text('blacklist').array().notNull(),
    rootVersion: bigint('root_version', { mode: 'number' }).notNull(),
    targetsVersion: bigint('targets_version', { mode: 'number' }).notNull(),
    timestampVersion: bigint('timestamp_version', { mode: 'number' }).notNull(),
    /** When the node last took a fresh timestamp. */
    timestampAt: instant('timestamp_at'),
    /** The wish as it stands on the host. */
    channel: text('channel').notNull(),
    pin: text('pin').notNull(),
    deferUntil: instant('defer_until'),
    window: text('window').notNull(),
    saidAt: instant('said_at').notNull(),
  },
  (table) => [
    index('node_updates_early').on(table.nodeId).where(sql`${table.channel} = 'early'`),
    index('node_updates_update_only').on(table.nodeId).where(sql`${table.updateOnly}`),
  ],
);

/** Each end of an update on a node, with the reason and the last lines of its log (F35). */
export const nodeUpdateLog = pgTable(
  'node_update_log',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    nodeId: nodeIdColumn('node_id').notNull(),
    at: instant('at').notNull(),
    /** Null: asked for on the host. */
    assignmentId: bytea('assignment_id'),
    state: text('state').notNull(),
    target: text('target').notNull(),
    /** What ran then. */
    version: text('version').notNull(),
    reason: text('reason').notNull(),
    detail: text('detail').notNull(),
    lastLines: text('last_lines').array().notNull(),
  },
  (table) => [
    index('node_update_log_node').on(table.nodeId, table.at),
    index('node_update_log_at').on(table.at),
  ],
);

/** What owners said here: of one node, or of all of theirs. The host's own word holds beside it, the stricter of both. */
export const updateWishes = pgTable(
  'update_wishes',
  {
    /** A node id, or an owner's e-mail. */
    subject: text('subject').primaryKey(),
    channel: text('channel').notNull(),
    pin: text('pin').notNull(),
    /** Of chainweb-node. A host says the same by its policy. */
    chainwebPin: text('chainweb_pin').notNull().default(''),
    deferUntil: instant('defer_until'),
    window: text('window').notNull(),
    changedBy: text('changed_by').notNull(),
    changedAt: instant('changed_at').notNull(),
  },
  (table) => [check('update_wishes_channel', sql`${table.channel} in ('stable', 'early')`)],
);
