import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { instant, nodeIdColumn } from '../columns.ts';
import { nodes } from '../nodes/schema.ts';

/** Instances whose node states stand still (F03): time stands still for the alerts of the region as well. */
export const regionFreezes = pgTable('region_freezes', {
  instanceId: text('instance_id').primaryKey(),
  since: instant('since').notNull(),
  /** Nodes that fell silent together; 0: only a hub that came back and waits for its nodes. */
  nodes: integer('nodes').notNull(),
  toldAt: instant('told_at').notNull(),
});

/** What the evaluator saw of a node when it last looked: only a difference to it makes work. */
export const alertWatch = pgTable('alert_watch', {
  nodeId: nodeIdColumn('node_id')
    .primaryKey()
    .references(() => nodes.nodeId, { onDelete: 'cascade' }),
  owner: text('owner').notNull(),
  /** Conditions that held, by the bits of the rules. */
  bits: integer('bits').notNull(),
  /** Rules that have seen the node: what holds at first sight is shown, not told. */
  seen: integer('seen').notNull(),
});

/** How fast a node's disk fills: a sample every six hours, a week of them. */
export const diskTrends = pgTable('disk_trends', {
  nodeId: nodeIdColumn('node_id')
    .primaryKey()
    .references(() => nodes.nodeId, { onDelete: 'cascade' }),
  /** Seconds since 1970, oldest first. */
  at: bigint('at', { mode: 'number' }).array().notNull(),
  /** Bytes free at each of them. */
  free: bigint('free', { mode: 'number' }).array().notNull(),
  /** Bytes a day that go; null while two days are not known or the disk does not fill. */
  bytesPerDay: bigint('bytes_per_day', { mode: 'number' }),
});

/** The state machines that are not at rest: one of each owner, rule and subject. */
export const alertStates = pgTable(
  'alert_states',
  {
    owner: text('owner').notNull(),
    rule: text('rule').notNull(),
    /** Node id, or what else a rule of the region is about. */
    subject: nodeIdColumn('subject').notNull(),
    phase: text('phase').$type<'quiet' | 'pending' | 'firing' | 'clearing'>().notNull(),
    since: instant('since').notNull(),
    told: boolean('told').notNull(),
    silent: boolean('silent').notNull(),
    remindAt: instant('remind_at'),
    /** When it must be looked at though nothing changes. */
    dueAt: instant('due_at'),
    /** The row of `alerts` that opened it, while it is open. */
    alertId: bigint('alert_id', { mode: 'number' }),
  },
  (table) => [
    primaryKey({ columns: [table.owner, table.rule, table.subject] }),
    index('alert_states_subject').on(table.subject),
    index('alert_states_due').on(table.dueAt),
    check('alert_states_phase', sql`${table.phase} in ('quiet', 'pending', 'firing', 'clearing')`),
  ],
);

/** Append-only: each time an alert opened, recovered or was closed, with what it rested on. */
export const alerts = pgTable(
  'alerts',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    at: instant('at').notNull(),
    owner: text('owner').notNull(),
    rule: text('rule').notNull(),
    subject: nodeIdColumn('subject').notNull(),
    /** As it was then. */
    label: text('label').notNull(),
    change: text('change').$type<'firing' | 'recovered' | 'closed'>().notNull(),
    /** Of `firing`: seen at first sight, so shown only. */
    silent: boolean('silent').notNull().default(false),
    evidence: jsonb('evidence').$type<readonly Readonly<Record<string, unknown>>[]>().notNull(),
  },
  (table) => [
    index('alerts_owner').on(table.owner, table.id),
    index('alerts_subject').on(table.subject, table.id),
    check('alerts_change', sql`${table.change} in ('firing', 'recovered', 'closed')`),
  ],
);

/** Where an owner departs from a rule's defaults. */
export const alertRules = pgTable(
  'alert_rules',
  {
    owner: text('owner').notNull(),
    rule: text('rule').notNull(),
    enabled: boolean('enabled').notNull(),
    delayMs: bigint('delay_ms', { mode: 'number' }).notNull(),
    /** A selector; empty: all nodes of the owner. */
    selector: text('selector').notNull(),
    changedAt: instant('changed_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.owner, table.rule] })],
);

/** Mutes and maintenance windows: both hold notices back, maintenance also shows in badges and the API. */
export const alertSilences = pgTable(
  'alert_silences',
  {
    id: text('id').primaryKey(),
    owner: text('owner').notNull(),
    kind: text('kind').$type<'mute' | 'maintenance'>().notNull(),
    /** One node; null: those of the selector. */
    nodeId: nodeIdColumn('node_id'),
    /** Empty: all nodes of the owner. */
    selector: text('selector').notNull(),
    /** One rule; null: all. */
    rule: text('rule'),
    from: instant('starts_at').notNull(),
    until: instant('ends_at').notNull(),
    reason: text('reason').notNull(),
    createdBy: text('created_by').notNull(),
    cancelledAt: instant('cancelled_at'),
  },
  (table) => [
    index('alert_silences_owner').on(table.owner, table.until),
    index('alert_silences_until').on(table.until),
    check('alert_silences_kind', sql`${table.kind} in ('mute', 'maintenance')`),
    check('alert_silences_order', sql`${table.cancelledAt} is not null or ${table.from} <= ${table.until}`),
  ],
);

/** Where notices go. A removed one keeps its row for the delivery log, without its secret. */
export const alertChannels = pgTable(
  'alert_channels',
  {
    id: text('id').primaryKey(),
    owner: text('owner').notNull(),
    kind: text('kind').$type<'email' | 'webhook' | 'telegram' | 'discord'>().notNull(),
    name: text('name').notNull(),
    /** E-mail address, webhook's URL, Telegram's chat; empty for Discord, whose URL is the secret. */
    target: text('target').notNull(),
    /** Signing key, bot token, Discord's URL, sealed by the vault: opened by the dispatcher only, never shown. */
    secret: text('secret').notNull(),
    /** SHA-256 of the code that proves an e-mail address; null: proven, or nothing to prove. */
    codeHash: text('code_hash'),
    enabled: boolean('enabled').notNull(),
    createdAt: instant('created_at').notNull(),
    removedAt: instant('removed_at'),
  },
  (table) => [
    index('alert_channels_owner').on(table.owner, table.createdAt),
    check('alert_channels_kind', sql`${table.kind} in ('email', 'webhook', 'telegram', 'discord')`),
  ],
);

/** The outbox: written with the change that it tells of, so that a hub killed in between still tells it. */
export const alertDeliveries = pgTable(
  'alert_deliveries',
  {
    /** Stable over all attempts: receivers can tell a repetition by it. */
    id: text('id').primaryKey(),
    channelId: text('channel_id')
      .notNull()
      .references(() => alertChannels.id, { onDelete: 'cascade' }),
    owner: text('owner').notNull(),
    /** In the order in which a channel is told. */
    seq: bigint('seq', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    kind: text('kind').$type<'alert' | 'group' | 'test' | 'confirm'>().notNull(),
    /** `Message`. */
    body: jsonb('body').$type<Readonly<Record<string, unknown>>>().notNull(),
    /** Notices in it. */
    notices: integer('notices').notNull(),
    status: text('status').$type<'pending' | 'sending' | 'retry' | 'sent' | 'failed'>().notNull(),
    attempts: integer('attempts').notNull().default(0),
    nextAt: instant('next_at').notNull(),
    lastError: text('last_error'),
    createdAt: instant('created_at').notNull(),
    sentAt: instant('sent_at'),
  },
  (table) => [
    index('alert_deliveries_owner').on(table.owner, table.createdAt),
    index('alert_deliveries_due').on(table.nextAt).where(sql`status in ('pending', 'sending', 'retry')`),
    uniqueIndex('alert_deliveries_group')
      .on(table.channelId)
      .where(sql`status = 'pending' and attempts = 0 and kind = 'group'`),
    index('alert_deliveries_order')
      .on(table.channelId, table.seq)
      .where(sql`status in ('pending', 'sending', 'retry')`),
    check('alert_deliveries_kind', sql`${table.kind} in ('alert', 'group', 'test', 'confirm')`),
    check(
      'alert_deliveries_status',
      sql`${table.status} in ('pending', 'sending', 'retry', 'sent', 'failed')`,
    ),
  ],
);
