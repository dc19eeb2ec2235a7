import { pgTable, text } from 'drizzle-orm/pg-core';
import { bytea, instant } from '../columns.ts';

/** Secrets that the hub itself must use, each in a box that only the master key opens. */
export const vaultSecrets = pgTable('vault_secrets', {
  /** What it is for: `ssh-key/…`, `ssh-password/…`. Stands within the box too, so that boxes can't be exchanged. */
  name: text('name').primaryKey(),
  /** Which master key seals it. */
  keyId: text('key_id').notNull(),
  nonce: bytea('nonce').notNull(),
  box: bytea('box').notNull(),
  createdAt: instant('created_at').notNull(),
});
