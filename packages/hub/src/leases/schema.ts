import { bigint, pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from '../columns.ts';

/** Work that one instance of the region does at a time. The epoch fences: what an earlier holder still writes is refused. */
export const leases = pgTable('leases', {
  name: text('name').primaryKey(),
  holder: text('holder').notNull(),
  epoch: bigint('epoch', { mode: 'number' }).notNull(),
  expiresAt: instant('expires_at').notNull(),
});
