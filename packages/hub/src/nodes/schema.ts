import { type SQL, sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  smallint,
  text,
} from 'drizzle-orm/pg-core';
import { bytea, bytewise, instant, nodeIdColumn, tsvector } from '../columns.ts';
import { FOLDED_LABEL, TAG_WORDS } from './listed-sql.ts';

const noTags = sql`'{}'::text[]`;

const searchWords = sql`to_tsvector('simple', regexp_replace(regexp_replace(regexp_replace(
  lower(label || ' ' || owner || ' ' || region), '[^[:alnum:]]+', ' ', 'g'),
  '([[:alpha:]])([[:digit:]])', '\\1 \\2', 'g'), '([[:digit:]])([[:alpha:]])', '\\1 \\2', 'g'))`;

const IDENTIFIERS = '[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)*';

/** `versionKey` by the database; pre-releases: numbers are marked by `!` and padded, then words by `"`, then the padding is cut. */
function versionKey(column: string): SQL {
  const numbers = `substring(${column} from '^v?([0-9.]+)')`;
  const preRelease = `replace(substring(${column} from '^[^+-]*-([^+]*)'), '.', ' ')`;
  return sql.raw(`case when length(${column}) <= 100
  and ${column} ~ '^v?[0-9]{1,9}(\\.[0-9]{1,9}){0,2}(-${IDENTIFIERS})?(\\+${IDENTIFIERS})?$'
  then lpad(split_part(${numbers}, '.', 1), 9, '0') || '.' || lpad(split_part(${numbers}, '.', 2), 9, '0') || '.'
    || lpad(split_part(${numbers}, '.', 3), 9, '0') || '.' || coalesce(regexp_replace(regexp_replace(regexp_replace(
      ${preRelease}, '(^| )([0-9]+)(?=$| )', '\\1!000000000\\2', 'g'), '(^| )(?=[0-9A-Za-z-])', '\\1"', 'g'),
      '!0[0-9]*([0-9]{9})(?=$| )', '!\\1', 'g'), '~') end`);
}

/** The registry: what is told about a node or decided over it. What changes with each heartbeat is in `node_status`. */
export const nodes = pgTable(
  'nodes',
  {
    nodeId: nodeIdColumn('node_id').primaryKey(),
    label: text('label').notNull(),
    /** E-mail of the owner's account. */
    owner: text('owner').notNull(),
    region: text('region').notNull(),
    role: text('role').notNull().default('miner'),
    hwType: text('hw_type').notNull().default('unknown'),
    tags: text('tags').array().notNull().default(noTags),
    /** Of the newest description, here as well: lists show it, and need no second row for it. */
    agentVersion: text('agent_version'),
    publicKey: bytea('public_key').notNull(),
    keyGeneration: integer('key_generation').notNull().default(1),
    ownerGeneration: integer('owner_generation').notNull().default(1),
    nodeCert: bytea('node_cert').notNull(),
    /** Offered by a rotation: the first session on it makes it the node's key. */
    candidateKey: bytea('candidate_key'),
    candidateCert: bytea('candidate_cert'),
    /** The key before the last rotation, good until the instant beside it. */
    previousKey: bytea('previous_key'),
    previousKeyUntil: instant('previous_key_until'),
    tokenId: text('token_id').references(() => joinTokens.tokenId),
    /** Never counted in ledger, mint or public pages. */
    simulated: boolean('simulated').notNull().default(false),
    createdAt: instant('created_at').notNull(),
    retiredAt: instant('retired_at'),
    refusedAt: instant('refused_at'),
    /** Then the owner can't lift the refusal. */
    refusedByAdmin: boolean('refused_by_admin').notNull().default(false),
    quarantinedAt: instant('quarantined_at'),
    quarantineReason: text('quarantine_reason'),
    /** A live clone was seen (F07): until the owner settles which process is the node. */
    disputedAt: instant('disputed_at'),
    /**
     * The state and the class of the lag as `ListedStates` last judged them, up to seconds ago: narrows a search, never
     * decides one. They change when a state does and not with each heartbeat, so an index on them is cheap.
     */
    listedState: text('listed_state').notNull().default('new'),
    listedLag: smallint('listed_lag').notNull().default(-1),
    /** No account is chosen to pay it to, as last looked at: warns, and is never what a gate asks (that resolves). */
    listedUnpaid: boolean('listed_unpaid').notNull().default(false),
    /** Sorts as semantic versions do; null where the agent's version is unknown or none. */
    versionKey: bytewise('version_key').generatedAlwaysAs(versionKey('agent_version')),
    /** Of chainweb-node, as the agent last read it: what is silent for a moment keeps it. */
    chainwebVersion: text('chainweb_version'),
    /** Sorts likewise. */
    chainwebKey: bytewise('chainweb_key').generatedAlwaysAs(versionKey('chainweb_version')),
    /** The tags as lexemes, which an index finds by their beginning too. */
    tagWords: tsvector('tag_words').generatedAlwaysAs(sql.raw(TAG_WORDS)),
    /** The words of label, owner and region, for prefix search; letters and digits apart, so that `42` finds `node42`. */
    search: tsvector('search').generatedAlwaysAs(searchWords),
  },
  (table) => [
    index('nodes_owner').on(table.owner, table.nodeId),
    index('nodes_label').on(table.label, table.nodeId),
    index('nodes_listed_state').on(table.listedState, table.label, table.nodeId),
    index('nodes_listed_lag').on(table.listedLag).where(sql`${table.listedLag} <> 0`),
    index('nodes_unpaid').on(table.owner).where(sql`${table.listedUnpaid}`),
    index('nodes_region').on(table.region, table.label, table.nodeId),
    index('nodes_version').on(table.versionKey, table.region),
    index('nodes_chainweb').on(table.chainwebKey, table.region),
    index('nodes_folded_label').on(sql.raw(`(${FOLDED_LABEL})`), table.nodeId),
    index('nodes_tags').using('gin', table.tagWords),
    index('nodes_search').using('gin', table.search),
    check('nodes_label_bytes', sql`octet_length(${table.label}) between 1 and 64`),
    check('nodes_node_id_hex', sql`${table.nodeId} ~ '^[0-9a-f]{64}$'`),
    check(
      'nodes_quarantine_has_reason',
      sql`(${table.quarantinedAt} is null) = (${table.quarantineReason} is null)`,
    ),
  ],
);

export const joinTokens = pgTable(
  'join_tokens',
  {
    tokenId: text('token_id').primaryKey(),
    /** SHA-256: the token itself is shown once and never stored. */
    secretHash: bytea('secret_hash').notNull(),
    owner: text('owner').notNull(),
    region: text('region').notNull(),
    label: text('label'),
    tags: text('tags').array().notNull().default(noTags),
    maxUses: integer('max_uses').notNull().default(1),
    usesLeft: integer('uses_left').notNull().default(1),
    maxPerHour: integer('max_per_hour'),
    /** CIDR from which it may be used; null: anywhere. */
    addressRange: text('address_range'),
    expiresAt: instant('expires_at').notNull(),
    revokedAt: instant('revoked_at'),
    createdBy: text('created_by').notNull(),
    createdAt: instant('created_at').notNull(),
    /** Node ids, in order of use. */
    usedBy: text('used_by').array().notNull().default(noTags),
  },
  (table) => [
    index('join_tokens_owner').on(table.owner, table.createdAt),
    check('join_tokens_uses', sql`${table.usesLeft} between 0 and ${table.maxUses}`),
  ],
);

/** Keys of nodes that changed theirs, for who verifies what was signed with one of before. */
export const nodeKeys = pgTable(
  'node_keys',
  {
    nodeId: nodeIdColumn('node_id')
      .notNull()
      .references(() => nodes.nodeId, { onDelete: 'cascade' }),
    publicKey: bytea('public_key').notNull(),
    /** `nodeCredential`, encoded; null: of a key whose credential the hub did not keep, as a first one, which its node's id proves. */
    credential: bytea('credential'),
    /** In force from then on; null: certified, and not in force yet. */
    since: instant('since'),
    /** Good until then; null: in force. */
    until: instant('until'),
  },
  (table) => [primaryKey({ columns: [table.nodeId, table.publicKey] })],
);

/** What a node says about itself when it connects or changes: rarely written, so out of the hot row. */
export const nodeDescriptions = pgTable('node_descriptions', {
  nodeId: nodeIdColumn('node_id')
    .primaryKey()
    .references(() => nodes.nodeId, { onDelete: 'cascade' }),
  agentVersion: text('agent_version').notNull(),
  chainwebVersion: text('chainweb_version'),
  /** docker, compose, systemd, screen or none. */
  supervision: text('supervision'),
  argv: jsonb('argv').$type<readonly string[]>().notNull(),
  host: jsonb('host').$type<Readonly<Record<string, unknown>>>().notNull(),
  /** `ComponentHealth.components` and `EffectiveConfig.settings` as the agent last sent them. */
  components: jsonb('components').$type<readonly Readonly<Record<string, unknown>>[]>().notNull().default([]),
  settings: jsonb('settings').$type<readonly Readonly<Record<string, unknown>>[]>().notNull().default([]),
  describedAt: instant('described_at').notNull(),
});

/** Append-only: clone, quarantine, invalid header, session … Kept for nodes that are no longer, hence no foreign key. */
export const nodeEvents = pgTable(
  'node_events',
  {
    id: bigint('id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    at: instant('at').notNull(),
    nodeId: nodeIdColumn('node_id').notNull(),
    kind: text('kind').notNull(),
    detail: jsonb('detail').$type<Readonly<Record<string, unknown>>>().notNull(),
  },
  (table) => [index('node_events_node').on(table.nodeId, table.at)],
);

/** What people tell each other about a node. */
export const nodeNotes = pgTable(
  'node_notes',
  {
    noteId: bigint('note_id', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    nodeId: nodeIdColumn('node_id')
      .notNull()
      .references(() => nodes.nodeId, { onDelete: 'cascade' }),
    at: instant('at').notNull(),
    /** E-mail. */
    author: text('author').notNull(),
    text: text('text').notNull(),
  },
  (table) => [index('node_notes_node').on(table.nodeId, table.noteId)],
);
