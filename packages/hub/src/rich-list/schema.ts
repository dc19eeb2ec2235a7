import { sql } from 'drizzle-orm';
import { bigint, check, index, integer, jsonb, numeric, pgTable, smallint, text } from 'drizzle-orm/pg-core';
import { bytewise, instant } from '../columns.ts';

const units = (name: string) => numeric(name, { precision: 38, scale: 0 }).notNull();

/**
 * Accounts by what they have, as of some moment: two tables of which one is read while the other is emptied and filled, since
 * half a million rows deleted each hour would leave as many dead ones behind. No e-mail is in them.
 */
const side = <Name extends string>(name: Name) =>
  pgTable(
    name,
    {
      place: integer('place').primaryKey(),
      accountId: bytewise('account_id').notNull(),
      /** What is being minted is still counted here. */
      current: units('current'),
      redeemed: units('redeemed'),
      /** Its place in the list before; null: it was not in it. */
      placeBefore: integer('place_before'),
    },
    // Made anew after the rows, which is the faster way.
    (table) => [index(`${name}_account`).on(table.accountId)],
  );

export const richListA = side('rich_list_a');
export const richListB = side('rich_list_b');

/** One row: which side is in force, and with it all that the first page shows. */
export const richListHead = pgTable(
  'rich_list_head',
  {
    id: smallint('id').primaryKey(),
    side: text('side').$type<'a' | 'b'>().notNull(),
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
  (table) => [
    check('rich_list_head_one', sql`${table.id} = 1`),
    check('rich_list_head_side', sql`${table.side} in ('a', 'b')`),
  ],
);
