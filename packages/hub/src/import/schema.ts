import { sql } from 'drizzle-orm';
import {
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  text,
} from 'drizzle-orm/pg-core';
import { nodes } from '#nodes/schema.ts';
import { bytea, instant, nodeIdColumn } from '../columns.ts';

// What an older hub knew, held for the features that will own it. `source_line` is of the file that said it last.

/** Nodes as the older hub knew them: a row of `nodes` needs a key, so each becomes one as it joins (matching.ts). */
export const importedNodes = pgTable(
  'imported_nodes',
  {
    owner: text('owner').notNull(),
    label: text('label').notNull(),
    /** Where the older hub's ids were made of the node's key, as ours. */
    nodeId: nodeIdColumn('node_id').unique(),
    region: text('region').notNull(),
    role: text('role').notNull(),
    hwType: text('hw_type').notNull(),
    tags: text('tags').array().notNull(),
    /** DNS names, the primary first. */
    hosts: text('hosts').array().notNull(),
    /** What people wrote about it: becomes notes of the node. */
    notes: text('notes').array().notNull().default(sql`'{}'::text[]`),
    /** The node of this hub that it became. */
    joinedAs: nodeIdColumn('joined_as').unique(),
    sourceLine: integer('source_line').notNull(),
  },
  (table) => [primaryKey({ columns: [table.owner, table.label] })],
);

/** Nodes that joined and may be any of several imported ones: until their owner decides. */
export const importedCandidates = pgTable(
  'imported_candidates',
  {
    nodeId: nodeIdColumn('node_id')
      .notNull()
      .references(() => nodes.nodeId, { onDelete: 'cascade' }),
    owner: text('owner').notNull(),
    label: text('label').notNull(),
    /** What speaks for it. */
    why: text('why').$type<Likeness>().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.nodeId, table.owner, table.label] }),
    index('imported_candidates_owner').on(table.owner),
    foreignKey({
      columns: [table.owner, table.label],
      foreignColumns: [importedNodes.owner, importedNodes.label],
    }),
  ],
);

/** In which a node that joins is like an imported one: its id, its label, a host name, or both of these. */
export type Likeness = 'id' | 'label' | 'host' | 'label and host';

export const importedSshKeys = pgTable(
  'imported_ssh_keys',
  {
    owner: text('owner').notNull(),
    label: text('label').notNull(),
    publicKey: text('public_key').notNull(),
    /** The private half as the older hub's vault sealed it: no use without that vault's key. */
    sealed: bytea('sealed').notNull(),
    sourceLine: integer('source_line').notNull(),
  },
  (table) => [primaryKey({ columns: [table.owner, table.label, table.publicKey] })],
);

export const importedBenchmarks = pgTable(
  'imported_benchmarks',
  {
    owner: text('owner').notNull(),
    label: text('label').notNull(),
    at: instant('at').notNull(),
    /** ServerScore. */
    score: numeric('score', { precision: 12, scale: 6 }).notNull(),
    breakdown: jsonb('breakdown').$type<Readonly<Record<string, unknown>>>().notNull(),
    sourceLine: integer('source_line').notNull(),
  },
  (table) => [primaryKey({ columns: [table.owner, table.label, table.at] })],
);

/** In units of 1e-12 points. */
const units = (name: string) => numeric(name, { precision: 38, scale: 0 }).notNull();

export const openingBalances = pgTable(
  'opening_balances',
  {
    email: text('email').primaryKey(),
    pending: units('pending'),
    current: units('current'),
    redeemed: units('redeemed'),
    sourceLine: integer('source_line').notNull(),
  },
  (table) => [
    check(
      'opening_balances_positive',
      sql`${table.pending} >= 0 and ${table.current} >= 0 and ${table.redeemed} >= 0`,
    ),
  ],
);
