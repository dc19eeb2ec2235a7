import { pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { instant } from '../columns.ts';

/** Selectors that an account gave a name. */
export const savedViews = pgTable(
  'saved_views',
  {
    viewId: text('view_id').primaryKey(),
    accountId: text('account_id').notNull(),
    name: text('name').notNull(),
    /** Canonical text. */
    selector: text('selector').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [uniqueIndex('saved_views_name').on(table.accountId, table.name)],
);
