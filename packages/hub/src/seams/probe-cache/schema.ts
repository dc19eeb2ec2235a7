import { jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant, nodeIdColumn } from '../../columns.ts';

/** Unlogged (by its migration): a cache need not survive a crash, and then costs no WAL. */
export const probeCache = pgTable(
  'probe_cache',
  {
    nodeId: nodeIdColumn('node_id').notNull(),
    kind: text('kind').notNull(),
    at: instant('at').notNull(),
    value: jsonb('value').notNull(),
  },
  (table) => [primaryKey({ columns: [table.nodeId, table.kind] })],
);
