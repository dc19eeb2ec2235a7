import { pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from '../columns.ts';

/** Secrets that the hub itself must use and that belong to no other row, by name. */
export const vaultSecrets = pgTable('vault_secrets', {
  /** What it is for: `ssh-key/…`, `ssh-login/…`, `join-token/…`. */
  name: text('name').primaryKey(),
  /** By the vault; opens under this name only. */
  sealed: text('sealed').notNull(),
  createdAt: instant('created_at').notNull(),
});
