import { sql } from 'drizzle-orm';
import { index, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { instant, nodeIdColumn } from '../columns.ts';

/** Which key each host is known by: the one it had when it was first used, or the one that a person accepted since. */
export const sshHostKeys = pgTable('ssh_host_keys', {
  /** `host:port`. */
  place: text('place').primaryKey(),
  type: text('type').notNull(),
  fingerprint: text('fingerprint').notNull(),
  pinnedBy: text('pinned_by').notNull(),
  pinnedAt: instant('pinned_at').notNull(),
});

/**
 * By which key we sign in where. The private halves are in the vault, by `ssh-key/<id>`. A re-seat goes through three
 * states: `next` is made; `key` is the new one and `old` is still on the host; `old` is gone.
 */
export const sshAccess = pgTable(
  'ssh_access',
  {
    host: text('host').notNull(),
    port: integer('port').notNull(),
    login: text('login').notNull(),
    nodeId: nodeIdColumn('node_id'),
    keyId: text('key_id'),
    keyLine: text('key_line'),
    nextId: text('next_id'),
    nextLine: text('next_line'),
    oldId: text('old_id'),
    oldLine: text('old_line'),
    /** Which job made `next`: run again, it goes on with it and makes no other. */
    seatJob: uuid('seat_job'),
    createdAt: instant('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.host, table.port, table.login] }),
    index('ssh_access_node').on(table.nodeId).where(sql`${table.nodeId} is not null`),
  ],
);

/** Nodes that an admin lets the hub reach over SSH for routine probes, until a day. */
export const agentlessMarks = pgTable('agentless_marks', {
  nodeId: nodeIdColumn('node_id').primaryKey(),
  reason: text('reason').notNull(),
  setBy: text('set_by').notNull(),
  setAt: instant('set_at').notNull(),
  endsAt: instant('ends_at').notNull(),
  /** UTC day of the last audit row about its polls: `2026-11-26`. */
  polledOn: text('polled_on').notNull().default(''),
});
