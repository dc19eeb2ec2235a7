import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
} from 'drizzle-orm/pg-core';
import { bytewise, instant } from '../columns.ts';

const units = (name: string) => numeric(name, { precision: 38, scale: 0 }).notNull();

/** Accounts by what they have, as of some moment. Two sides: one is read while the other is written. No e-mail is in it. */
export const richList = pgTable(
  'rich_list',
  {
    side: smallint('side').notNull(),
    place: integer('place').notNull(),
    accountId: bytewise('account_id').notNull(),
    /** What is being minted is still counted here. */
    current: units('current'),
    redeemed: units('redeemed'),
    /** Its place in the list before; null: it was not in it. */
    placeBefore: integer('place_before'),
  },
  (table) => [
    primaryKey({ columns: [table.side, table.place] }),
    index('rich_list_account').on(table.accountId, table.side),
  ],
);

/** One row: which side is in force, and with it all that the first page shows. */
export const richListHead = pgTable(
  'rich_list_head',
  {
    id: smallint('id').primaryKey(),
    side: smallint('side').notNull(),
    asOf: instant('as_of').notNull(),
    /** Of the ledger, up to which it counts. */
    sequence: bigint('sequence', { mode: 'number' }).notNull(),
    mode: text('mode').$type<'shadow' | 'live'>().notNull(),
    accounts: integer('accounts').notNull(),
    total: units('total'),
    tookMs: integer('took_ms').notNull(),
    /** Rows of the first page. */
    top: jsonb('top').notNull(),
  },
  (table) => [check('rich_list_head_one', sql`${table.id} = 1`)],
);
