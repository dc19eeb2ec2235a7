import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  index,
  integer,
  jsonb,
  numeric,
  pgTable,
  primaryKey,
  smallint,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { bytea, bytewise, instant } from '../columns.ts';
import { payoutAccounts } from '../payouts/schema.ts';
import type { BatchState } from './batch-state.ts';

/** Of which contract it is. 1 is the first one, also of what was there before a contract was named. */
const contract = () => smallint('contract').notNull().default(1);

/**
 * An account's place in the register of its chain, for ever, contract by contract. Nothing is ever taken out or given to another:
 * a register that was written belongs to whom it was written for.
 */
export const mintSlots = pgTable(
  'mint_slots',
  {
    contract: contract(),
    accountId: bytewise('account_id')
      .notNull()
      .references(() => payoutAccounts.accountId),
    chain: smallint('chain').notNull(),
    /** 0, 1, 2 … on its chain, without a gap. */
    slot: integer('slot').notNull(),
    /** Enrolled: in a block of the chain. Final: so deep that it counts, and the account is minted to. */
    state: text('state').$type<'allotted' | 'enrolled' | 'final'>().notNull(),
    allottedAt: instant('allotted_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.accountId, table.contract] }),
    uniqueIndex('mint_slots_place').on(table.contract, table.chain, table.slot),
    check('mint_slots_state', sql`${table.state} in ('allotted', 'enrolled', 'final')`),
    check('mint_slots_chain', sql`${table.chain} between 0 and 9 and ${table.slot} >= 0`),
  ],
);

/** Contracts whose registers slots are; the first is named by the first sequencer that leads, each after it by a person. */
export const mintContracts = pgTable(
  'mint_contracts',
  {
    id: smallint('id').primaryKey(),
    /** `contractName`: an upgrade has another hash and the same name. */
    name: text('name').notNull().unique(),
    since: instant('since').notNull(),
    /** When another one was adopted; null of the present one. */
    until: instant('until'),
  },
  (table) => [
    uniqueIndex('mint_contracts_present')
      .on(sql`(${table.until} is null)`)
      .where(sql`${table.until} is null`),
  ],
);

/** A day's mint. One plan for each day, ever: a row is written once, by the transaction that reserves its points. */
export const mintEpochs = pgTable(
  'mint_epochs',
  {
    /** UTC day number. */
    epoch: integer('epoch').primaryKey(),
    contract: contract(),
    /** Cancelled: what was not minted is back in Current. */
    state: text('state').$type<EpochState>().notNull(),
    /** Of `planEpoch`, base64url. */
    planHash: text('plan_hash').notNull(),
    cutId: text('cut_id').notNull(),
    /** The ledger's end that was cut; numbers are given in the order of commits, so all up to it are in. */
    cutSequence: bigint('cut_sequence', { mode: 'number' }).notNull(),
    cutHash: bytea('cut_hash').notNull(),
    /** Shadow: a TEST without value. */
    mode: text('mode').$type<'shadow' | 'live'>().notNull(),
    /** Whole points of all accounts. */
    points: bigint('points', { mode: 'number' }).notNull(),
    accounts: integer('accounts').notNull(),
    /** With a whole point, and not in it: unverified, or without a final slot. */
    waiting: integer('waiting').notNull(),
    cutAt: instant('cut_at').notNull(),
    endedAt: instant('ended_at'),
  },
  (table) => [
    index('mint_epochs_open').on(table.epoch).where(sql`${table.endedAt} is null`),
    check('mint_epochs_state', sql`${table.state} in ('running', 'cancelling', 'settled', 'cancelled')`),
    check(
      'mint_epochs_ended',
      sql`(${table.state} in ('settled', 'cancelled')) = (${table.endedAt} is not null)`,
    ),
  ],
);

export type EpochState = 'running' | 'cancelling' | 'settled' | 'cancelled';

const epoch = () =>
  integer('epoch')
    .notNull()
    .references(() => mintEpochs.epoch);

/** The plan of a chain, as it was hashed. */
export const mintChains = pgTable(
  'mint_chains',
  {
    epoch: epoch(),
    chain: smallint('chain').notNull(),
    slots: integer('slots').notNull(),
    cap: bigint('cap', { mode: 'number' }).notNull(),
    bounds: integer('bounds').array().notNull(),
    digest: text('digest').notNull(),
  },
  (table) => [primaryKey({ columns: [table.epoch, table.chain] })],
);

/** The plan of a batch, as it was hashed. Apart from where it stands, which changes. */
export const mintPlans = pgTable(
  'mint_plans',
  {
    epoch: epoch(),
    chain: smallint('chain').notNull(),
    batch: integer('batch').notNull(),
    /** Buckets [from, to). */
    fromBucket: integer('from_bucket').notNull(),
    toBucket: integer('to_bucket').notNull(),
    /** The literal that stands in its code. */
    deltas: text('deltas').notNull(),
    sum: bigint('sum', { mode: 'number' }).notNull(),
    digest: text('digest').notNull(),
    bytes: integer('bytes').notNull(),
    gas: integer('gas').notNull(),
    gasLimit: integer('gas_limit').notNull(),
  },
  (table) => [primaryKey({ columns: [table.epoch, table.chain, table.batch] })],
);

export type ActKind = 'enrol' | 'open' | 'mint' | 'close';

/** Names a transaction of the mint. */
const act = () => ({
  contract: contract(),
  kind: text('kind').$type<ActKind>().notNull(),
  /** Of an enrolment 0: it is of no day. */
  epoch: integer('epoch').notNull(),
  chain: smallint('chain').notNull(),
  /** Of a mint its batch, of an enrolment its first slot, else 0. */
  part: integer('part').notNull(),
});

/** Where each transaction stands: batch-state.ts. */
export const mintBatches = pgTable(
  'mint_batches',
  {
    ...act(),
    /** In which they were made, and in which their chain takes them. */
    seq: bigint('seq', { mode: 'number' }).notNull().unique().generatedAlwaysAsIdentity(),
    /** Slots of an enrolment, bounds of an opening, buckets of a mint, points that a closing finds minted. */
    size: integer('size').notNull(),
    /** By which the chain knows its content. */
    digest: text('digest').notNull(),
    /** What it takes at most, by the model, and the limit by that. */
    modelGas: integer('model_gas').notNull(),
    gasLimit: integer('gas_limit').notNull(),
    /** What nodes said that it takes, before its newest attempt was signed. */
    preflightGas: integer('preflight_gas'),
    state: text('state').$type<BatchState>().notNull(),
    /** The one that is under way, from 0 on. */
    attempt: smallint('attempt').notNull(),
    /** Why it is stopped. */
    reason: text('reason').notNull().default(''),
    since: instant('since').notNull(),
    /** When it was last found in a block, and last found `FINAL_DEPTH` deep; a reorganisation takes neither back. */
    minedAt: instant('mined_at'),
    finalAt: instant('final_at'),
    /** Where nodes saw it last; null while it is in no block. */
    height: bigint('height', { mode: 'number' }),
    block: text('block'),
    /** What it took. */
    gas: integer('gas'),
  },
  (table) => [
    primaryKey({ columns: [table.kind, table.epoch, table.chain, table.part, table.contract] }),
    index('mint_batches_open').on(table.chain, table.seq).where(sql`${table.state} <> 'settled'`),
    check(
      'mint_batches_state',
      sql`${table.state} in ('planned', 'signed', 'sent', 'mined', 'final', 'settled', 'absent', 'stopped')`,
    ),
    check('mint_batches_attempt', sql`${table.attempt} between 0 and 99`),
  ],
);

/** What the signer signed: stored before anything of it is sent, and only these bytes ever are. */
export const mintAttempts = pgTable(
  'mint_attempts',
  {
    ...act(),
    attempt: smallint('attempt').notNull(),
    cmd: text('cmd').notNull(),
    signatures: jsonb('signatures').$type<readonly { readonly sig: string }[]>().notNull(),
    requestKey: text('request_key').notNull().unique(),
    /** STOA a unit of gas. */
    gasPrice: numeric('gas_price', { precision: 24, scale: 12 }).notNull(),
    gasLimit: integer('gas_limit').notNull(),
    /** Seconds since 1970: no block takes it whose parent is younger. */
    expiresAt: bigint('expires_at', { mode: 'number' }).notNull(),
    signedAt: instant('signed_at').notNull(),
    sentAt: instant('sent_at'),
  },
  (table) => [
    primaryKey({
      columns: [table.kind, table.epoch, table.chain, table.part, table.contract, table.attempt],
    }),
  ],
);

/** Words of approvers on a day's plan, as they signed them: the signer asks for them. */
export const mintApprovals = pgTable(
  'mint_approvals',
  {
    epoch: epoch(),
    /** Hex digits of SHA-256 of the approval. */
    approvalId: text('approval_id').notNull(),
    approval: bytea('approval').notNull(),
    receivedAt: instant('received_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.epoch, table.approvalId] })],
);

/** What keeps the mint from going on, while it does. */
export const mintFaults = pgTable('mint_faults', {
  /** `cut`, or `chain 3`. */
  place: text('place').primaryKey(),
  code: text('code').notNull(),
  message: text('message').notNull(),
  /** Since when it has been the same. */
  since: instant('since').notNull(),
});

/** Who pays for gas, chain by chain, as whoever leads read it last. In STOA. */
export const mintGasAccounts = pgTable(
  'mint_gas_accounts',
  {
    chain: smallint('chain').primaryKey(),
    account: text('account').notNull(),
    balance: numeric('balance', { precision: 36, scale: 12 }).notNull(),
    /** For the days ahead, at the price of then. */
    needed: numeric('needed', { precision: 36, scale: 12 }).notNull(),
    /** Since when it has less than that. */
    lowSince: instant('low_since'),
    readAt: instant('read_at').notNull(),
  },
  (table) => [check('mint_gas_accounts_chain', sql`${table.chain} between 0 and 9`)],
);
