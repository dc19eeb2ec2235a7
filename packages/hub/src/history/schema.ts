import { integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { bytea, instant, nodeIdColumn } from '../columns.ts';

const columns = () => ({
  nodeId: nodeIdColumn('node_id').notNull(),
  /** Start of the interval. */
  bucket: instant('bucket').notNull(),
  /** Samples seen: of two states of a row, the one with more is the later. */
  samples: integer('samples').notNull(),
  /** `packStats`: min, max, sum and count of each series. */
  stats: bytea('stats').notNull(),
});

/**
 * Partitioned by day of `bucket` (by its migration); `PartitionKeeper` makes and drops the days. A row belongs to the
 * hub process that counted it and only ever grows, so a flush that is repeated or comes late changes nothing.
 */
export const metrics5m = pgTable(
  'metrics_5m',
  { ...columns(), writer: text('writer').notNull() },
  (table) => [primaryKey({ columns: [table.nodeId, table.bucket, table.writer] })],
);

/** Partitioned as above. Computed again from `metrics_5m` as often as one likes. */
export const metrics1h = pgTable('metrics_1h', columns(), (table) => [
  primaryKey({ columns: [table.nodeId, table.bucket] }),
]);
