import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { bytea, instant } from '../columns.ts';

/** What people signed, or are about to: node by node provable, so with all of its nodes. */
export const orders = pgTable(
  'orders',
  {
    orderId: uuid('order_id').primaryKey(),
    kind: text('kind').notNull(),
    /** Canonical text. */
    params: text('params').notNull(),
    /** Ids of 32 bytes, ascending, one after the other. */
    nodes: bytea('nodes').notNull(),
    nodeCount: integer('node_count').notNull(),
    /** E-mail of whose key signs. */
    signer: text('signer').notNull(),
    signedAs: text('signed_as').$type<SignedAs>().notNull(),
    /** The bytes that are signed. */
    body: bytea('body').notNull(),
    sealed: bytea('sealed'),
    /** For an admin's order: the certificate of the key, and of the authority that signed it. */
    adminKey: bytea('admin_key'),
    authority: bytea('authority'),
    createdAt: instant('created_at').notNull(),
    signedAt: instant('signed_at'),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [
    index('orders_expires').on(table.expiresAt),
    check('orders_signed_as', sql`${table.signedAs} in ('owner', 'admin')`),
    check('orders_papers', sql`${table.signedAs} = 'owner' or ${table.adminKey} is not null`),
  ],
);

export type SignedAs = 'owner' | 'admin';

/** Certificates of admins' keys, as the signer gave them: public throughout. */
export const adminKeys = pgTable('admin_keys', {
  /** E-mail. */
  admin: text('admin').primaryKey(),
  publicKey: bytea('public_key').notNull(),
  sealed: bytea('sealed').notNull(),
  authority: bytea('authority').notNull(),
  notAfter: instant('not_after').notNull(),
});
