import { sql } from 'drizzle-orm';
import { bigint, boolean, check, index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { bytea, instant, nodeIdColumn } from '../columns.ts';
import { nodes } from '../nodes/schema.ts';
import type { Tier } from '../viewer.ts';

/** One-time links by which an admin signs in who has a shell. Hashes only: a copy of the database lets nobody in. */
export const adminLinks = pgTable('admin_links', {
  linkHash: bytea('link_hash').primaryKey(),
  email: text('email').notNull(),
  createdAt: instant('created_at').notNull(),
  expiresAt: instant('expires_at').notNull(),
  usedAt: instant('used_at'),
});

/** Nodes that their owner shares with a colleague. */
export const nodeShares = pgTable(
  'node_shares',
  {
    nodeId: nodeIdColumn('node_id')
      .notNull()
      .references(() => nodes.nodeId, { onDelete: 'cascade' }),
    /** E-mail of the colleague's account, which may be made later. */
    email: text('email').notNull(),
    role: text('role').$type<'viewer' | 'operator'>().notNull(),
    sharedBy: text('shared_by').notNull(),
    sharedAt: instant('shared_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.nodeId, table.email] }),
    index('node_shares_email').on(table.email, table.nodeId),
    check('node_shares_role', sql`${table.role} in ('viewer', 'operator')`),
  ],
);

// What follows is better-auth's: the keys are its field names, and no other code writes these columns but `store.ts`.

export const users = pgTable(
  'users',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    /** Lower case. */
    email: text('email').notNull().unique(),
    emailVerified: boolean('email_verified').notNull().default(false),
    image: text('image'),
    twoFactorEnabled: boolean('two_factor_enabled').default(false),
    tier: text('tier').$type<Tier>().notNull().default('operator'),
    /** Signs in no more; nodes and history stay. */
    disabledAt: instant('disabled_at'),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (table) => [check('users_tier', sql`${table.tier} in ('ancient', 'modern', 'baron', 'operator')`)],
);

const ownedBy = (name: string) =>
  text(name)
    .notNull()
    .references(() => users.id, { onDelete: 'cascade' });

export const userSessions = pgTable(
  'user_sessions',
  {
    id: text('id').primaryKey(),
    userId: ownedBy('user_id'),
    /** SHA-256 of the token that the cookie holds. */
    token: text('token').notNull().unique(),
    ipAddress: text('ip_address'),
    userAgent: text('user_agent'),
    expiresAt: instant('expires_at').notNull(),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (table) => [
    index('user_sessions_user').on(table.userId),
    index('user_sessions_expiry').on(table.expiresAt),
  ],
);

/** Ways to prove who one is; ours is the password, as scrypt hash. */
export const userCredentials = pgTable(
  'user_credentials',
  {
    id: text('id').primaryKey(),
    userId: ownedBy('user_id'),
    accountId: text('account_id').notNull(),
    providerId: text('provider_id').notNull(),
    password: text('password'),
    accessToken: text('access_token'),
    refreshToken: text('refresh_token'),
    idToken: text('id_token'),
    accessTokenExpiresAt: instant('access_token_expires_at'),
    refreshTokenExpiresAt: instant('refresh_token_expires_at'),
    scope: text('scope'),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (table) => [index('user_credentials_user').on(table.userId)],
);

/** What waits for an answer: resets, challenges. Identifiers are hashed. */
export const userVerifications = pgTable(
  'user_verifications',
  {
    id: text('id').primaryKey(),
    identifier: text('identifier').notNull(),
    value: text('value').notNull(),
    expiresAt: instant('expires_at').notNull(),
    createdAt: instant('created_at').notNull(),
    updatedAt: instant('updated_at').notNull(),
  },
  (table) => [index('user_verifications_identifier').on(table.identifier)],
);

export const userTwoFactors = pgTable(
  'user_two_factors',
  {
    id: text('id').primaryKey(),
    userId: ownedBy('user_id'),
    /** Encrypted, as are the recovery codes. */
    secret: text('secret').notNull(),
    backupCodes: text('backup_codes').notNull(),
    verified: boolean('verified').default(true),
    failedVerificationCount: integer('failed_verification_count').default(0),
    lockedUntil: instant('locked_until'),
  },
  (table) => [index('user_two_factors_user').on(table.userId)],
);

export const userPasskeys = pgTable(
  'user_passkeys',
  {
    id: text('id').primaryKey(),
    userId: ownedBy('user_id'),
    name: text('name'),
    publicKey: text('public_key').notNull(),
    credentialID: text('credential_id').notNull().unique(),
    counter: integer('counter').notNull(),
    deviceType: text('device_type').notNull(),
    backedUp: boolean('backed_up').notNull(),
    transports: text('transports'),
    aaguid: text('aaguid'),
    createdAt: instant('created_at'),
  },
  (table) => [index('user_passkeys_user').on(table.userId)],
);

export const authRateLimits = pgTable('auth_rate_limits', {
  id: text('id').primaryKey(),
  key: text('key').notNull().unique(),
  count: integer('count').notNull(),
  /** Milliseconds since 1970. */
  lastRequest: bigint('last_request', { mode: 'number' }).notNull(),
});
