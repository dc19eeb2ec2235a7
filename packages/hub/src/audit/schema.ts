import { sql } from 'drizzle-orm';
import { bigint, check, index, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { bytea, instant, tsvector } from '../columns.ts';

/** Bounded: a `tsvector` has at most 1 MB, and what is told in detail has no such bound. */
const searchWords = sql`to_tsvector('simple', regexp_replace(
  lower(left(actor || ' ' || act || ' ' || subject || ' ' || coalesce(owner, '') || ' ' || detail::text, 20000)),
  '[^[:alnum:]]+', ' ', 'g'))`;

/** Append-only and hash-chained (chain.ts). Only the content of a row whose time is over is ever changed: to nothing. */
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
    /** Blanked with the content. */
    salt: bytea('salt'),
    contentHash: bytea('content_hash').notNull(),
    hash: bytea('hash').notNull(),
    /** When the content was blanked. */
    prunedAt: instant('pruned_at'),
    search: tsvector('search').generatedAlwaysAs(searchWords),
  },
  (table) => [
    index('audit_log_actor').on(table.actor, table.seq),
    index('audit_log_subject').on(table.subject, table.seq),
    index('audit_log_owner').on(table.owner, table.seq),
    index('audit_log_act').on(table.act.op('text_pattern_ops'), table.seq),
    index('audit_log_at').on(table.at),
    index('audit_log_search').using('gin', table.search),
    index('audit_log_due')
      .on(table.retention, table.at)
      .where(sql`${table.retention} <> 'permanent' and ${table.prunedAt} is null`),
    check('audit_log_retention', sql`${table.retention} in ('permanent', '30d', '7d')`),
    check('audit_log_permanent', sql`${table.retention} <> 'permanent' or ${table.prunedAt} is null`),
  ],
);

/**
 * What an act on many was done to, one row each, and the node that a host has become since: their pages find it by that.
 * The chain vouches for the act itself.
 */
export const auditSubjects = pgTable(
  'audit_subjects',
  {
    subject: text('subject').notNull(),
    seq: bigint('seq', { mode: 'number' })
      .notNull()
      .references(() => auditLog.seq),
  },
  (table) => [primaryKey({ columns: [table.subject, table.seq] })],
);
