import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from '../columns.ts';

/** What admins tell the owners of nodes: a banner while it holds, and an e-mail if they want. */
export const announcements = pgTable(
  'announcements',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    level: text('level').$type<Level>().notNull(),
    /** Shown as text, whatever it looks like. */
    body: text('body').notNull(),
    /** Whose nodes it concerns, in the selector language; empty: everybody. */
    selector: text('selector').notNull(),
    startsAt: instant('starts_at').notNull(),
    endsAt: instant('ends_at').notNull(),
    withdrawnAt: instant('withdrawn_at'),
    createdBy: text('created_by').notNull(),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    index('announcements_ends').on(table.endsAt),
    check('announcements_level', sql`${table.level} in ('info', 'caution', 'urgent')`),
    check('announcements_body', sql`length(${table.body}) between 1 and 1000`),
  ],
);

export type Level = 'info' | 'caution' | 'urgent';

/** One e-mail to one owner: sent once, by whatever instance takes it first. */
export const announcementMails = pgTable(
  'announcement_mails',
  {
    announcementId: bigint('announcement_id', { mode: 'number' })
      .notNull()
      .references(() => announcements.id, { onDelete: 'cascade' }),
    email: text('email').notNull(),
    attempts: integer('attempts').notNull().default(0),
    /** Not before; null once it is done with. */
    dueAt: instant('due_at'),
    sentAt: instant('sent_at'),
    /** What the server said last, where it was not taken. */
    fault: text('fault'),
  },
  (table) => [
    primaryKey({ columns: [table.announcementId, table.email] }),
    index('announcement_mails_due').on(table.dueAt).where(sql`${table.dueAt} is not null`),
  ],
);
