import { sql } from 'drizzle-orm';
import { check, index, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { instant, nodeIdColumn } from '../columns.ts';
import { nodes } from '../nodes/schema.ts';

/** Offers of a node, or of all nodes of an account, to another account. */
export const nodeTransfers = pgTable(
  'node_transfers',
  {
    transferId: text('transfer_id').primaryKey(),
    /** Null: all nodes that the giver owns when it takes effect. */
    nodeId: nodeIdColumn('node_id').references(() => nodes.nodeId, { onDelete: 'cascade' }),
    fromOwner: text('from_owner').notNull(),
    toOwner: text('to_owner').notNull(),
    offeredBy: text('offered_by').notNull(),
    offeredAt: instant('offered_at').notNull(),
    /** An offer that nobody takes ends. */
    expiresAt: instant('expires_at').notNull(),
    acceptedAt: instant('accepted_at'),
    /** The first full hour after it was accepted: owners change at full hours only (domain.md). */
    effectiveAt: instant('effective_at'),
    endedAt: instant('ended_at'),
    /** How it ended; null while it is open. */
    outcome: text('outcome').$type<Outcome>(),
  },
  (table) => [
    index('node_transfers_from').on(table.fromOwner, table.offeredAt),
    index('node_transfers_to').on(table.toOwner, table.offeredAt),
    uniqueIndex('node_transfers_open')
      .on(table.fromOwner, sql`coalesce(${table.nodeId}, '')`)
      .where(sql`${table.outcome} is null`),
    check('node_transfers_outcome', sql`${table.outcome} in ('applied', 'declined', 'cancelled', 'expired')`),
    check('node_transfers_ended', sql`(${table.outcome} is null) = (${table.endedAt} is null)`),
    check('node_transfers_accepted', sql`(${table.acceptedAt} is null) = (${table.effectiveAt} is null)`),
  ],
);

export type Outcome = 'applied' | 'declined' | 'cancelled' | 'expired';
