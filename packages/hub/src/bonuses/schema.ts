import { index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { bytewise, instant, nodeIdColumn } from '../columns.ts';

/** Reseeds that succeeded, and what became of them as donations. */
export const seedDonations = pgTable(
  'seed_donations',
  {
    /** The reseed. */
    jobId: uuid('job_id').primaryKey(),
    receiver: nodeIdColumn('receiver').notNull(),
    /** E-mail; whose the receiver was. */
    receiverOwner: text('receiver_owner').notNull(),
    /** The node that made a seed of that hash first; null: none of the region did. */
    donor: nodeIdColumn('donor'),
    donorOwner: text('donor_owner'),
    sha256: bytewise('sha256').notNull(),
    beganAt: instant('began_at').notNull(),
    endedAt: instant('ended_at').notNull(),
    /** `waits`, `paid`, or why not (`DonationState`). */
    state: text('state').notNull(),
    /** In which the receiver was warm; whole hours since 1970. */
    hour: integer('hour'),
    decidedAt: instant('decided_at'),
  },
  (table) => [
    index('seed_donations_donor').on(table.donorOwner, table.endedAt),
    index('seed_donations_receiver').on(table.receiverOwner, table.endedAt),
  ],
);

/** UTC days whose blocks are paid for. */
export const miningBonusDays = pgTable('mining_bonus_days', {
  /** Whole days since 1970. */
  day: integer('day').primaryKey(),
  keys: integer('keys').notNull(),
  paidAt: instant('paid_at').notNull(),
});
