import { bigint, boolean, index, integer, pgTable, primaryKey, smallint } from 'drizzle-orm/pg-core';
import { bytewise, instant } from '../columns.ts';

/** Blocks whose payload hashes to their verified header, of the last weeks. */
export const minedBlocks = pgTable(
  'mined_blocks',
  {
    chain: smallint('chain').notNull(),
    height: integer('height').notNull(),
    /** base64url, as every chainweb API has it. */
    hash: bytewise('hash').notNull(),
    /** 64 hex digits; empty where the block pays several keys, or what nobody can read. */
    key: bytewise('key').notNull(),
    /** By its header. */
    minedAt: instant('mined_at').notNull(),
    /** Verified, and another won. */
    orphaned: boolean('orphaned').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.chain, table.height, table.hash] }),
    index('mined_blocks_key').on(table.key, table.minedAt),
    index('mined_blocks_mined').on(table.minedAt),
  ],
);

/** Sums of them by UTC day and key, for good. */
export const minedDays = pgTable(
  'mined_days',
  {
    /** Whole days since 1970. */
    day: integer('day').notNull(),
    key: bytewise('key').notNull(),
    blocks: integer('blocks').notNull(),
    orphans: integer('orphans').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.day, table.key] }),
    index('mined_days_key').on(table.key, table.day),
  ],
);

/** How far each chain is counted, without a hole from `since` on. */
export const miningProgress = pgTable('mining_progress', {
  chain: smallint('chain').primaryKey(),
  height: bigint('height', { mode: 'number' }).notNull(),
  hash: bytewise('hash').notNull(),
  minedAt: instant('mined_at').notNull(),
  since: instant('since').notNull(),
});
