import { sql } from 'drizzle-orm';
import { check, index, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { bytea, instant, nodeIdColumn } from '../columns.ts';
import { nodes } from '../nodes/schema.ts';

/** One-time links by which the local admin signs in. Hashes only: a copy of the database lets nobody in. */
export const adminLinks = pgTable('admin_links', {
  linkHash: bytea('link_hash').primaryKey(),
  email: text('email').notNull(),
  createdAt: instant('created_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
  usedAt: instant('used_at'),
});

export const consoleSessions = pgTable(
  'console_sessions',
  {
    sessionHash: bytea('session_hash').primaryKey(),
    email: text('email').notNull(),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [index('console_sessions_expiry').on(table.expiresAt)],
);

/** Nodes that their owner shares with a colleague. */
export const nodeShares = pgTable(
  'node_shares',
  {
    nodeId: nodeIdColumn('node_id')
      .notNull()
      .references(() => nodes.nodeId, { onDelete: 'cascade' }),
    /** E-mail of the colleague's account, which may be made later. */
    email: text('email').notNull(),
    role: text('role').$type<'viewer' | 'operator'>().notNull(),
    sharedBy: text('shared_by').notNull(),
    sharedAt: instant('shared_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.nodeId, table.email] }),
    index('node_shares_email').on(table.email, table.nodeId),
    check('node_shares_role', sql`${table.role} in ('viewer', 'operator')`),
  ],
);
