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

/** What came into being, by the day that it is about, where, by whom and by which rule: sums of events, each added once. */
export const economicsEmission = pgTable(
  'economics_emission',
  {
    /** Whole days since 1970, UTC. */
    day: integer('day').notNull(),
    region: bytewise('region').notNull(),
    /** Of the node; empty: no node earned it. */
    role: bytewise('role').notNull(),
    kind: bytewise('kind').notNull(),
    amount: units('amount'),
  },
  (table) => [primaryKey({ columns: [table.day, table.region, table.role, table.kind] })],
);

/** What there is and who has it, as it stood last on each day. */
export const economicsSupply = pgTable('economics_supply', {
  day: integer('day').primaryKey(),
  asOf: instant('as_of').notNull(),
  pending: units('pending'),
  current: units('current'),
  minting: units('minting'),
  redeemed: units('redeemed'),
  /** With more than nothing in Current, Minting and Redeemed together, as all that follows. */
  accounts: integer('accounts').notNull(),
  /** Units of the one, the ten and the hundred that have most. */
  top1: units('top1'),
  top10: units('top10'),
  top100: units('top100'),
  /** In millionths. */
  gini: integer('gini').notNull(),
});

/** How points of nodes are spread among their like: those of a region and a type of hardware that earned that day. */
export const economicsPeers = pgTable(
  'economics_peers',
  {
    region: bytewise('region').notNull(),
    hwType: bytewise('hw_type').notNull(),
    day: integer('day').notNull(),
    nodes: integer('nodes').notNull(),
    /** Units, as text: the 1st to the 99th percentile. */
    thresholds: jsonb('thresholds').$type<readonly string[]>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.region, table.hwType] })],
);

/** Accounts that earned most in a region on a day that is over. */
export const economicsLeaders = pgTable(
  'economics_leaders',
  {
    day: integer('day').notNull(),
    region: bytewise('region').notNull(),
    place: smallint('place').notNull(),
    accountId: bytewise('account_id').notNull(),
    nodes: integer('nodes').notNull(),
    amount: units('amount'),
    /** The day before; null: not among the first. */
    placeBefore: smallint('place_before'),
  },
  (table) => [
    primaryKey({ columns: [table.day, table.region, table.place] }),
    index('economics_leaders_account').on(table.day, table.accountId),
  ],
);

/** One row: up to where the ledger is summed. */
export const economicsHead = pgTable(
  'economics_head',
  {
    id: smallint('id').primaryKey(),
    /** Events up to this one are in `economics_emission`. */
    sequence: bigint('sequence', { mode: 'number' }).notNull(),
    asOf: instant('as_of').notNull(),
    mode: text('mode').$type<'shadow' | 'live'>().notNull(),
    /** Of the last leaders; null: of none. */
    leadersDay: integer('leaders_day'),
    tookMs: integer('took_ms').notNull(),
  },
  (table) => [check('economics_head_one', sql`${table.id} = 1`)],
);
