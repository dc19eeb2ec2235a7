import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { bytewise, instant, nodeIdColumn } from '../columns.ts';

/** Who is who in the ledger and in receipts, which name no e-mail. Personal data: it never leaves the region. */
export const payoutPeople = pgTable('payout_people', {
  /** E-mail of an account of the hub. */
  email: text('email').primaryKey(),
  /** 32 hex digits, drawn: nothing of the e-mail can be told from it. */
  ownerId: bytewise('owner_id').notNull().unique(),
});

/** Accounts of the chain or of Ouronet that somebody named. Nothing is ever taken out. */
export const payoutAccounts = pgTable('payout_accounts', {
  /** The same in every region: 32 hex digits of the hash of the account. */
  accountId: bytewise('account_id').primaryKey(),
  account: bytewise('account').notNull().unique(),
});

const account = (name: string) => bytewise(name).references(() => payoutAccounts.accountId);

/** What people chose, one row a choice: append-only, so that every past hour resolves as it did then. */
export const payoutChoices = pgTable(
  'payout_choices',
  {
    seq: bigint('seq', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    /** Whose nodes it pays. A node's own account holds only while this is its owner. */
    owner: text('owner').notNull(),
    /** Of this node alone; null: of all that have none of their own. */
    nodeId: nodeIdColumn('node_id'),
    /** Null takes it back. */
    accountId: account('account_id'),
    /** The first full hour after the choice, in hours since 1970. */
    fromHour: integer('from_hour').notNull(),
    setBy: text('set_by').notNull(),
    setAt: instant('set_at').notNull(),
  },
  (table) => [
    index('payout_choices_owner')
      .on(table.owner, table.fromHour, table.seq)
      .where(sql`${table.nodeId} is null`),
    index('payout_choices_node')
      .on(table.nodeId, table.fromHour, table.seq)
      .where(sql`${table.nodeId} is not null`),
    index('payout_choices_account').on(table.accountId),
    index('payout_choices_chooser').on(table.owner, table.accountId),
  ],
);

/** Texts that wait for a signature. One proof takes each, once. */
export const payoutChallenges = pgTable(
  'payout_challenges',
  {
    /** 32 hex digits. */
    nonce: text('nonce').primaryKey(),
    email: text('email').notNull(),
    accountId: account('account_id').notNull(),
    expiresAt: instant('expires_at').notNull(),
    usedAt: instant('used_at'),
  },
  (table) => [index('payout_challenges_email').on(table.email, table.accountId)],
);

/** Proofs that who chose an account holds its key, with all that it takes to check them again. */
export const payoutProofs = pgTable(
  'payout_proofs',
  {
    accountId: account('account_id').notNull(),
    email: text('email').notNull(),
    nonce: text('nonce')
      .notNull()
      .references(() => payoutChallenges.nonce),
    /** What was signed. */
    challenge: text('challenge').notNull(),
    signatures: jsonb('signatures').$type<readonly Signed[]>().notNull(),
    /** The guard as the chain knew it. */
    guard: jsonb('guard').$type<{ readonly pred: string; readonly keys: readonly string[] }>().notNull(),
    /** `name`: no row of the chain, the name of a `k:` account is its key. */
    guardFrom: text('guard_from').$type<'chain' | 'name'>().notNull(),
    /** Hosts of the nodes that said so. */
    saidBy: text('said_by').array().notNull(),
    provenAt: instant('proven_at').notNull(),
    fromHour: integer('from_hour').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.nonce] }),
    index('payout_proofs_account').on(table.accountId, table.fromHour),
    index('payout_proofs_email').on(table.email, table.accountId),
    check('payout_proofs_guard_from', sql`${table.guardFrom} in ('chain', 'name')`),
  ],
);

/** Hex both. */
export interface Signed {
  readonly key: string;
  readonly signature: string;
}

/** Tunnels: a share of what a node earns goes to who lends it a way in. Both owners agree, and either ends it. */
export const payoutTunnels = pgTable(
  'payout_tunnels',
  {
    tunnelId: text('tunnel_id').primaryKey(),
    nodeId: nodeIdColumn('node_id').notNull(),
    nodeOwner: text('node_owner').notNull(),
    tunnelOwner: text('tunnel_owner').notNull(),
    /** Tenths of a per-mille, 1 to 10,000. */
    permille1: integer('permille1').notNull(),
    offeredAt: instant('offered_at').notNull(),
    agreedAt: instant('agreed_at'),
    /** The first full hour after both agreed. */
    fromHour: integer('from_hour'),
    endedAt: instant('ended_at'),
    endedBy: text('ended_by'),
    /** The first hour without it. */
    untilHour: integer('until_hour'),
  },
  (table) => [
    uniqueIndex('payout_tunnels_open').on(table.nodeId).where(sql`${table.endedAt} is null`),
    index('payout_tunnels_node').on(table.nodeId, table.fromHour),
    index('payout_tunnels_owner').on(table.tunnelOwner),
    check('payout_tunnels_permille1', sql`${table.permille1} between 1 and 10000`),
    check('payout_tunnels_agreed', sql`(${table.agreedAt} is null) = (${table.fromHour} is null)`),
  ],
);

/** Who owned a node until which hour: `nodes` knows who does now. */
export const nodeOwnerChanges = pgTable(
  'node_owner_changes',
  {
    seq: bigint('seq', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    nodeId: nodeIdColumn('node_id').notNull(),
    fromOwner: text('from_owner').notNull(),
    toOwner: text('to_owner').notNull(),
    fromHour: integer('from_hour').notNull(),
  },
  (table) => [index('node_owner_changes_node').on(table.nodeId, table.fromHour, table.seq)],
);

/** What may resolve otherwise from an hour on, in the order of commits: who keeps it in memory reads on from here. */
export const payoutChanges = pgTable('payout_changes', {
  seq: bigint('seq', { mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
  nodeId: nodeIdColumn('node_id'),
  /** All nodes of this owner. */
  owner: text('owner'),
  fromHour: integer('from_hour').notNull(),
});
