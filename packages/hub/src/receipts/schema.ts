import { sql } from 'drizzle-orm';
import {
  bigint,
  index,
  integer,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { bytea, instant, nodeIdColumn } from '../columns.ts';

/**
 * What hours were paid, as encoded `settledReceipt`s. Written in the transactions of the ledger, in the order of the key, and
 * never changed: another word is another revision. Kept for `BODY_DAYS`.
 */
export const settledReceipts = pgTable(
  'settled_receipts',
  {
    hubHour: integer('hub_hour').notNull(),
    nodeId: nodeIdColumn('node_id').notNull(),
    revision: smallint('revision').notNull(),
    /** Of the hour, in which it was written: whose root stands for it. */
    pass: smallint('pass').notNull(),
    body: bytea('body').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.hubHour, table.nodeId, table.revision] }),
    index('settled_receipts_later')
      .on(table.hubHour, table.pass, table.nodeId, table.revision)
      .where(sql`${table.pass} > 0`),
  ],
);

/** Passes that wrote receipts, and the signed root of each once it is over: those are kept for ever. */
export const receiptRoots = pgTable(
  'receipt_roots',
  {
    hubHour: integer('hub_hour').notNull(),
    pass: smallint('pass').notNull(),
    /** Of the ledger, as the pass wrote: the same in its receipts. */
    mode: text('mode').$type<'shadow' | 'live'>().notNull(),
    resetSequence: bigint('reset_sequence', { mode: 'number' }).notNull(),
    /** Counts up in the region, above it the restore generation; null until it is signed, as all that follows. */
    number: bigint('number', { mode: 'bigint' }),
    count: integer('count'),
    /** `receiptRootKind`, sealed, with the certificates of region and instance. */
    sealed: bytea('sealed'),
    region: bytea('region'),
    instance: bytea('instance'),
    sealedAt: instant('sealed_at'),
  },
  (table) => [
    primaryKey({ columns: [table.hubHour, table.pass] }),
    uniqueIndex('receipt_roots_number').on(table.number),
    index('receipt_roots_open').on(table.hubHour, table.pass).where(sql`${table.number} is null`),
  ],
);

/** What lies above the subtrees of a pass's tree (`TreeTop`), written with its root; kept as long as the bodies. */
export const receiptTops = pgTable(
  'receipt_tops',
  {
    hubHour: integer('hub_hour').notNull(),
    pass: smallint('pass').notNull(),
    roots: bytea('roots').notNull(),
    firsts: bytea('firsts').notNull(),
  },
  (table) => [primaryKey({ columns: [table.hubHour, table.pass] })],
);
