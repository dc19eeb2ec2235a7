import { sql } from 'drizzle-orm';
import { bigint, boolean, check, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { bytea, instant, nodeIdColumn } from '../columns.ts';
import { nodes } from '../nodes/schema.ts';

/** What a node's owner lets strangers see. Without a row, or under another owner since: nothing. */
export const nodePublicity = pgTable('node_publicity', {
  nodeId: nodeIdColumn('node_id')
    .primaryKey()
    .references(() => nodes.nodeId, { onDelete: 'cascade' }),
  /** Who let them. */
  owner: text('owner').notNull().default(''),
  /** Listed in the explorer, its badge free for all. */
  listed: boolean('listed').notNull().default(false),
  /** SHA-256 of the token in the badge's address of a node that is not listed. */
  badgeHash: bytea('badge_hash'),
  changedBy: text('changed_by').notNull(),
  changedAt: instant('changed_at').notNull(),
});

/** What was wrong with the hub itself, as the status page tells it. One of a kind is open at once, whatever instance saw it. */
export const hubIncidents = pgTable(
  'hub_incidents',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    kind: text('kind').notNull(),
    startedAt: instant('started_at').notNull(),
    endedAt: instant('ended_at'),
  },
  (table) => [
    uniqueIndex('hub_incidents_open').on(table.kind).where(sql`${table.endedAt} is null`),
    check('hub_incidents_kind', sql`${table.kind} in ('database', 'heads', 'freeze')`),
  ],
);
