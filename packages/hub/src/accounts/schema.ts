import { index, pgTable, text } from 'drizzle-orm/pg-core';
import { bytea, instant } from '../columns.ts';

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
