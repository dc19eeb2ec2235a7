import { integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { bytea, instant, nodeIdColumn } from '../columns.ts';

const columns = () => ({
  nodeId: nodeIdColumn('node_id').notNull(),
  /** Start of the interval. */
  bucket: instant('bucket').notNull(),
  /** Who counted it: a row has one writer and only grows, so a flush that is repeated or comes late changes nothing. */
  writer: text('writer').notNull(),
  /** Samples seen: of two states of a row, the one with more is the later. */
  samples: integer('samples').notNull(),
  /** `Stats.pack`: count, min, max and sum of each series. */
  stats: bytea('stats').notNull(),
});

/** Both are partitioned by day of `bucket` (by their migration); `PartitionKeeper` makes and drops the days. */
export const metrics5m = pgTable('metrics_5m', columns(), (table) => [
  primaryKey({ columns: [table.nodeId, table.bucket, table.writer] }),
]);

export const metrics1h = pgTable('metrics_1h', columns(), (table) => [
  primaryKey({ columns: [table.nodeId, table.bucket, table.writer] }),
]);
