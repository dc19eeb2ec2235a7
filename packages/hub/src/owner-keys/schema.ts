import { sql } from 'drizzle-orm';
import { check, integer, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { bytea, instant } from '../columns.ts';

/** Public halves of owners' Ed25519 keys: the one in force, and those before it. */
export const ownerKeys = pgTable(
  'owner_keys',
  {
    /** E-mail of the owner's account. */
    owner: text('owner').notNull(),
    /** 1 is the first. */
    serial: integer('serial').notNull(),
    publicKey: bytea('public_key').notNull(),
    madeIn: text('made_in').$type<MadeIn>().notNull(),
    since: instant('since').notNull(),
    replacedAt: instant('replaced_at'),
    /** The sealed change by which the key before it gave way: nodes that pinned that one can follow it. */
    change: bytea('change'),
  },
  (table) => [
    primaryKey({ columns: [table.owner, table.serial] }),
    uniqueIndex('owner_keys_in_force').on(table.owner).where(sql`${table.replacedAt} is null`),
    check('owner_keys_made_in', sql`${table.madeIn} in ('file', 'browser')`),
  ],
);

/** A sealed file, or a browser that does not give the private half out. */
export type MadeIn = 'file' | 'browser';
