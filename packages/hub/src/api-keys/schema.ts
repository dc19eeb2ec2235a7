import { sql } from 'drizzle-orm';
import { check, index, pgTable, text } from 'drizzle-orm/pg-core';
import { bytea, instant } from '../columns.ts';

/** What programs show instead of a session. The secret is shown once; here is its SHA-256. */
export const apiKeys = pgTable(
  'api_keys',
  {
    keyId: text('key_id').primaryKey(),
    secretHash: bytea('secret_hash').notNull(),
    /** E-mail of the account for which it acts. */
    owner: text('owner').notNull(),
    name: text('name').notNull(),
    scopes: text('scopes').array().notNull(),
    createdAt: instant('created_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    /** To the hour: enough to find those that nobody uses. */
    lastUsedAt: instant('last_used_at'),
    revokedAt: instant('revoked_at'),
  },
  (table) => [
    index('api_keys_owner').on(table.owner, table.createdAt),
    index('api_keys_end').on(table.expiresAt).where(sql`${table.revokedAt} is null`),
    check('api_keys_life', sql`${table.expiresAt} >= ${table.createdAt}`),
  ],
);
