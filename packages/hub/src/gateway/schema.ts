import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  index,
  integer,
  pgTable,
  primaryKey,
  real,
  smallint,
  text,
} from 'drizzle-orm/pg-core';
import { bytea, instant, nodeIdColumn } from '../columns.ts';
import { nodes } from '../nodes/schema.ts';

/**
 * One row a node, changed by compare-and-set on `epoch` only: whoever wins the set is the session, on whatever hub.
 * The epoch's high bits are the restore generation, hence bigint.
 */
export const sessions = pgTable('sessions', {
  nodeId: nodeIdColumn('node_id')
    .primaryKey()
    .references(() => nodes.nodeId, { onDelete: 'cascade' }),
  instanceId: text('instance_id').notNull(),
  epoch: bigint('epoch', { mode: 'bigint' }).notNull(),
  sessionId: text('session_id').notNull(),
  bootId: text('boot_id').notNull(),
  /** Newest first, for telling a live clone (A, B, A) from a reboot loop (F07). */
  previousBootIds: text('previous_boot_ids').array().notNull().default(sql`'{}'::text[]`),
  /** The first session of this boot of the agent; null where it was there before this was noted. */
  bootedAt: instant('booted_at'),
  /** Hello must prove one of these two; anything else is a stale copy of the node's disk. */
  ratchetCurrent: bytea('ratchet_current').notNull(),
  ratchetPrevious: bytea('ratchet_previous'),
  /** The node said that the current one is on its disk. */
  ratchetStored: boolean('ratchet_stored').notNull().default(false),
  connectedAt: instant('connected_at').notNull(),
  endedAt: instant('ended_at'),
  version: text('version').notNull(),
  protocol: integer('protocol').notNull(),
  address: text('address').notNull(),
  /** websocket or long-poll. */
  transport: text('transport').notNull(),
});

/**
 * The hot row, flushed in batches by `StatusStore`. Half-empty pages and no index on what changes keep every update on
 * its page (HOT): 164 B of WAL a row instead of 375. No foreign key: one unknown node must not fail a batch.
 */
export const nodeStatus = pgTable('node_status', {
  nodeId: nodeIdColumn('node_id').primaryKey(),
  epoch: bigint('epoch', { mode: 'bigint' }).notNull(),
  lastSeen: instant('last_seen').notNull(),
  /** `packTips`: all chains in one value, since a row a chain costs five times the WAL. */
  tips: bytea('tips').notNull(),
  /** Shares of 1. */
  cpu: real('cpu'),
  memory: real('memory'),
  disk: real('disk'),
  /** One-minute load average. */
  load: real('load'),
  /** Bytes free on the committed path. */
  diskFree: bigint('disk_free', { mode: 'number' }),
  peers: smallint('peers'),
  rttMs: real('rtt_ms'),
  /** Blocks behind the verified head on the worst chain, at the last heartbeat; null where a tip is unknown. */
  lag: smallint('lag'),
  /** Whether a tip is a verified header off the winning branch. */
  forked: boolean('forked').notNull().default(false),
  /** up, down, stopped or unknown. */
  chainweb: text('chainweb').notNull().default('unknown'),
  /** The newest heartbeat that was at the tip (`atTip`); never reset, since its age is the hysteresis of the states off the tip. */
  atTipAt: instant('at_tip_at'),
  /** The agent's clock minus the hub's: shown, never used (F21). */
  skewMs: bigint('skew_ms', { mode: 'number' }).notNull().default(0),
  /** Idle time after which the node's NAT drops a connection; 0: not measured. */
  natIdleS: integer('nat_idle_s').notNull().default(0),
});

/** The node's signed word about one hub hour, sealed as received: signed bytes are never re-serialised. */
export const checkpoints = pgTable(
  'checkpoints',
  {
    nodeId: nodeIdColumn('node_id')
      .notNull()
      .references(() => nodes.nodeId, { onDelete: 'cascade' }),
    /** Whole hours since 1970. */
    hubHour: integer('hub_hour').notNull(),
    number: bigint('number', { mode: 'bigint' }).notNull(),
    bytes: bytea('bytes').notNull(),
    storedAt: instant('stored_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.nodeId, table.hubHour] }),
    // Who closes an hour reads it from end to end.
    index('checkpoints_by_hour').on(table.hubHour, table.nodeId),
  ],
);

/** The hub's answer; a late word opens a new revision, the earlier ones stay. */
export const receipts = pgTable(
  'receipts',
  {
    nodeId: nodeIdColumn('node_id')
      .notNull()
      .references(() => nodes.nodeId, { onDelete: 'cascade' }),
    hubHour: integer('hub_hour').notNull(),
    revision: integer('revision').notNull().default(0),
    number: bigint('number', { mode: 'bigint' }).notNull(),
    bytes: bytea('bytes').notNull(),
    storedAt: instant('stored_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.nodeId, table.hubHour, table.revision] })],
);

/**
 * Acknowledged minutes (decision 7): a word for each node, hub hour and session, which its epoch names. Bits are only ever
 * added; who closes the hour takes the OR. By hour first, since hours are written, closed and forgotten together. No
 * foreign key: one unknown node must not fail a batch.
 */
export const uptimeWords = pgTable(
  'uptime_words',
  {
    hubHour: integer('hub_hour').notNull(),
    nodeId: nodeIdColumn('node_id').notNull(),
    epoch: bigint('epoch', { mode: 'bigint' }).notNull(),
    /** Minute 0 in the lowest of 60 bits. */
    minutes: bigint('minutes', { mode: 'bigint' }).notNull(),
  },
  (table) => [primaryKey({ columns: [table.hubHour, table.nodeId, table.epoch] })],
);

/** Secrets and counters that all instances of the region share: cookie key, restore generation. */
export const regionSettings = pgTable('region_settings', {
  name: text('name').primaryKey(),
  value: bytea('value').notNull(),
});
