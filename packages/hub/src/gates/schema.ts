import { sql } from 'drizzle-orm';
import { bigint, index, integer, pgTable, primaryKey, smallint, text } from 'drizzle-orm/pg-core';
import { bytea, bytewise, instant, nodeIdColumn } from '../columns.ts';

/**
 * Judged minutes, a word for each node, hub hour and session, beside `uptime_words`. Of one instance alone: none can replace
 * what another wrote. Bits are only ever added. No foreign key: one unknown node must not fail a batch.
 */
export const gateWords = pgTable(
  'gate_words',
  {
    hubHour: integer('hub_hour').notNull(),
    nodeId: nodeIdColumn('node_id').notNull(),
    epoch: bigint('epoch', { mode: 'number' }).notNull(),
    instanceId: text('instance_id').notNull(),
    /** Hex: as the node's checkpoint names the session. */
    sessionId: bytewise('session_id').notNull(),
    /** Hex: the process that opened it, as the hub heard it. */
    bootId: bytewise('boot_id').notNull().default(''),
    judged: bigint('judged', { mode: 'bigint' }).notNull(),
    /** Seven words of 64 bits, big-endian, in the order of the gates; empty where no minute failed. */
    failures: bytea('failures').notNull(),
  },
  (table) => [primaryKey({ columns: [table.hubHour, table.nodeId, table.epoch, table.instanceId] })],
);

/** How each node stands before its gates, and how far its warm-up is. */
export const gateStates = pgTable('gate_states', {
  nodeId: nodeIdColumn('node_id').primaryKey(),
  /** Last minute since 1970 that was set, and the bits of the gates that failed in it. */
  minute: integer('minute').notNull(),
  reasons: smallint('reasons').notNull(),
  warmMinutes: smallint('warm_minutes').notNull(),
  offMinutes: smallint('off_minutes').notNull(),
  /** Minute since 1970 from which benchmark minutes were credited, and how many. */
  creditedAt: integer('credited_at').notNull(),
  credited: smallint('credited').notNull(),
});

/** How far each instance's judged minutes are stored, so that a restart knows what it missed. */
export const gateTicks = pgTable('gate_ticks', {
  instanceId: text('instance_id').primaryKey(),
  /** Since 1970: all up to this one are stored. */
  minute: integer('minute').notNull(),
  at: instant('at').notNull(),
});

/** What a hub declared about itself: minutes that it missed (F03). One row a granted span, which only ever grows. */
export const hubGaps = pgTable(
  'hub_gaps',
  {
    instanceId: text('instance_id').notNull(),
    /** Minutes since 1970, `until` exclusive; the time in which nodes come back is within. */
    fromMinute: integer('from_minute').notNull(),
    untilMinute: integer('until_minute').notNull(),
    /** The part of it that costs nobody, by the rule or by an act. */
    grantFrom: integer('grant_from').notNull(),
    grantUntil: integer('grant_until').notNull(),
    /** Minutes that count against the day's allowance. */
    counted: integer('counted').notNull(),
    cause: text('cause').notNull(),
    /** Who granted more than the rule does, and why; null: the rule. */
    grantedBy: text('granted_by'),
    reason: text('reason'),
    recordedAt: instant('recorded_at').notNull(),
    /** `hubGapKind`, with the certificates of region and instance; null: nobody vouches for it. */
    sealed: bytea('sealed'),
    region: bytea('region'),
    instance: bytea('instance'),
  },
  (table) => [
    primaryKey({ columns: [table.instanceId, table.cause, table.fromMinute, table.grantFrom] }),
    index('hub_gaps_by_end').on(table.untilMinute),
  ],
);

/**
 * What an instance vouches for: the root over its words of an hour, signed by its key. Any instance can write here in another's
 * name, so there may be several of an hour.
 */
export const minuteRoots = pgTable(
  'minute_roots',
  {
    instanceId: text('instance_id').notNull(),
    hubHour: integer('hub_hour').notNull(),
    /** `minuteRootKind`, sealed, with the certificates of region and instance. */
    sealed: bytea('sealed').notNull(),
    /** What it is the root of: `packGroups`. */
    groups: bytea('groups').notNull().default(sql`''::bytea`),
    region: bytea('region').notNull(),
    instance: bytea('instance').notNull(),
    storedAt: instant('stored_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.instanceId, table.hubHour, table.sealed] })],
);

/** Gate 7: what the last stranger saw who looked at a node's P2P port. */
export const dialBacks = pgTable(
  'dial_backs',
  {
    nodeId: nodeIdColumn('node_id').primaryKey(),
    at: instant('at').notNull(),
    /** answered, not-chainweb, unreachable, other-certificate, shared-certificate or crowded-address. */
    verdict: text('verdict').notNull(),
    /** Of the certificate that was shown, base64url; empty where none was. */
    fingerprint: bytewise('fingerprint').notNull(),
    host: text('host').notNull(),
    port: integer('port').notNull(),
    /** Node id of who looked. */
    dialler: nodeIdColumn('dialler').notNull(),
    /** `dialBackKind`, signed by him, as it came. */
    sealed: bytea('sealed').notNull(),
    passedUntil: instant('passed_until'),
  },
  (table) => [index('dial_backs_by_host').on(table.host)],
);

/** Whose each P2P certificate is: of the node that answered with it first. */
export const p2pCertificates = pgTable('p2p_certificates', {
  /** SHA-256, base64url. */
  fingerprint: bytewise('fingerprint').primaryKey(),
  nodeId: nodeIdColumn('node_id').notNull(),
  since: instant('since').notNull(),
  seenAt: instant('seen_at').notNull(),
});
