import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { bytea, bytewise, instant, nodeIdColumn } from '../columns.ts';
import type { Kind } from './event.ts';

/** Units of 1e-12 points: int64 would end at nine million points (domain.md). */
const units = (name: string) => numeric(name, { precision: 38, scale: 0 }).notNull();

/**
 * Append-only, partitioned by month of `hour` and guarded by a trigger (both by the migration). Of what is in a row only the
 * owner's e-mail may be changed: it is no part of the chain, and leaves with the person.
 */
export const stoicismEvents = pgTable(
  'stoicism_events',
  {
    sequence: bigint('sequence', { mode: 'number' }).notNull(),
    /** Whole hours since 1970. */
    hour: integer('hour').notNull(),
    kind: bytewise('kind').$type<Kind>().notNull(),
    revision: smallint('revision').notNull(),
    nodeId: nodeIdColumn('node_id').notNull(),
    accountId: bytewise('account_id').notNull(),
    ref: bytewise('ref').notNull(),
    amount: units('amount'),
    /** Bits of the hour's minutes. */
    minutes: bigint('minutes', { mode: 'bigint' }).notNull(),
    microScore: integer('micro_score').notNull(),
    scoreVersion: integer('score_version').notNull(),
    ranAt: instant('ran_at').notNull(),
    hash: bytea('hash').notNull(),
    ownerEmail: text('owner_email'),
  },
  (table) => [
    primaryKey({ columns: [table.sequence, table.hour] }),
    // One event for each cause, whoever writes it and however often.
    uniqueIndex('stoicism_events_cause').on(
      ...[table.hour, table.nodeId, table.kind, table.accountId, table.revision, table.ref],
    ),
    // With all that sums of an owner's days are made of: rows of one owner lie apart, each would be a page of its own.
    index('stoicism_events_owner').on(
      ...[table.ownerEmail, table.ranAt, table.sequence, table.hour, table.kind, table.amount],
    ),
    index('stoicism_events_ref').on(table.ref, table.kind, table.hour).where(sql`${table.ref} <> ''`),
  ],
);

/** One row. Whoever writes the ledger locks it first: numbers are given in the order of commits, and the chain has one end. */
export const ledgerHead = pgTable(
  'ledger_head',
  {
    id: smallint('id').primaryKey(),
    sequence: bigint('sequence', { mode: 'number' }).notNull(),
    hash: bytea('hash').notNull(),
    ranAt: instant('ran_at').notNull(),
    /** Shadow: everything is counted and shown, nothing is worth anything on chain. */
    mode: text('mode').$type<'shadow' | 'live'>().notNull(),
    locked: boolean('locked').notNull(),
    /** Hours before it are not closed: they belong to what the last reset ended. */
    firstHour: integer('first_hour').notNull(),
    /** Of the last reset; 0: there was none. Balances are sums of what came after it. */
    resetSequence: bigint('reset_sequence', { mode: 'number' }).notNull(),
  },
  (table) => [
    check('ledger_head_one', sql`${table.id} = 1`),
    check('ledger_head_mode', sql`${table.mode} in ('shadow', 'live')`),
  ],
);

/** Sums of events, kept in the transactions that write them; `stoa-hub ledger verify` holds them against the events. */
export const ledgerAccounts = pgTable(
  'ledger_accounts',
  {
    accountId: bytewise('account_id').primaryKey(),
    /** Below 0 only where a revision took back what was minted already. */
    current: units('current'),
    minting: units('minting'),
    redeemed: units('redeemed'),
  },
  (table) => [check('ledger_accounts_minted', sql`${table.minting} >= 0 and ${table.redeemed} >= 0`)],
);

/** What waits for the end of a node's warm-up; none of it is no row. */
export const ledgerPending = pgTable(
  'ledger_pending',
  {
    nodeId: nodeIdColumn('node_id').notNull(),
    accountId: bytewise('account_id').notNull(),
    amount: units('amount'),
  },
  (table) => [
    primaryKey({ columns: [table.nodeId, table.accountId] }),
    index('ledger_pending_account').on(table.accountId),
  ],
);

/** An hour, and how far its closing is. Sums are those of its events. */
export const ledgerHours = pgTable(
  'ledger_hours',
  {
    hour: integer('hour').primaryKey(),
    /** The first pass came to its end: the hour is closed, and what comes later is a revision. */
    closedAt: instant('closed_at'),
    /** When it is read again; null: its time is over. */
    nextPassAt: instant('next_pass_at'),
    /** Of the pass under way: nodes up to this one are done. */
    doneUpTo: nodeIdColumn('done_up_to'),
    passes: smallint('passes').notNull(),
    nodes: integer('nodes').notNull(),
    events: integer('events').notNull(),
    accrued: units('accrued'),
    pending: units('pending'),
    matured: units('matured'),
    fees: units('fees'),
    revised: integer('revised').notNull(),
    /** How long the last pass took, in milliseconds. */
    tookMs: integer('took_ms').notNull(),
  },
  (table) => [
    index('ledger_hours_due').on(table.nextPassAt, table.hour).where(sql`${table.nextPassAt} is not null`),
  ],
);

/** Words that came when the hour's 24 hours were over, or that would have taken something back: shown, never paid. */
export const ledgerRefusals = pgTable(
  'ledger_refusals',
  {
    hour: integer('hour').notNull(),
    nodeId: nodeIdColumn('node_id').notNull(),
    reason: text('reason').$type<'late' | 'less'>().notNull(),
    /** What they would have given; below 0, what they would have taken from those who were paid. */
    amount: units('amount'),
    ownerEmail: text('owner_email'),
    seenAt: instant('seen_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.hour, table.nodeId] }),
    index('ledger_refusals_owner').on(table.ownerEmail, table.hour),
    check('ledger_refusals_reason', sql`${table.reason} in ('late', 'less')`),
  ],
);

/** Changes by hand: proposed by one, approved by another. */
export const ledgerAdjustments = pgTable(
  'ledger_adjustments',
  {
    adjustmentId: bigint('adjustment_id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    accountId: bytewise('account_id').notNull(),
    amount: units('amount'),
    reason: text('reason').notNull(),
    proposedBy: text('proposed_by').notNull(),
    proposedAt: instant('proposed_at').notNull(),
    decidedBy: text('decided_by'),
    decidedAt: instant('decided_at'),
    outcome: text('outcome').$type<'applied' | 'refused'>(),
    /** Of its event. */
    sequence: bigint('sequence', { mode: 'number' }),
  },
  (table) => [
    index('ledger_adjustments_open').on(table.adjustmentId).where(sql`${table.outcome} is null`),
    check('ledger_adjustments_outcome', sql`${table.outcome} in ('applied', 'refused')`),
    check('ledger_adjustments_decided', sql`(${table.outcome} is null) = (${table.decidedAt} is null)`),
    // Two people, whatever the code above thinks.
    check(
      'ledger_adjustments_two',
      sql`${table.outcome} <> 'applied' or ${table.decidedBy} <> ${table.proposedBy}`,
    ),
  ],
);
