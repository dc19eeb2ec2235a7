import { sql } from 'drizzle-orm';
import { bigint, check, index, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { bytea, instant } from '../columns.ts';

/** Append-only and hash-chained: `hash` covers the row and the hash of the row before. */
export const auditLog = pgTable(
  'audit_log',
  {
    seq: bigint('seq', { mode: 'number' }).primaryKey(),
    at: instant('at').notNull(),
    /** E-mail of the account that acted, or `hub` for the hub itself. */
    actor: text('actor').notNull(),
    /** What was done, as `noun.verb`: node.retire, token.create, account.tier. */
    act: text('act').notNull(),
    /** What it was done to: a node id, an e-mail, a token id; empty where nothing in particular. */
    subject: text('subject').notNull(),
    /** Whose nodes or account it touches, so that they may read it. */
    owner: text('owner'),
    detail: jsonb('detail').$type<Readonly<Record<string, unknown>>>().notNull(),
    retention: text('retention').$type<'permanent' | '30d' | '7d'>().notNull(),
    hash: bytea('hash').notNull(),
  },
  (table) => [
    index('audit_log_actor').on(table.actor, table.seq),
    index('audit_log_subject').on(table.subject, table.seq),
    index('audit_log_owner').on(table.owner, table.seq),
    check('audit_log_retention', sql`${table.retention} in ('permanent', '30d', '7d')`),
  ],
);
