/**
 * The life of a job, as the hub sees it. Whatever the agent or the link does, each job comes to one of the ends.
 *
 * - queued: waits for its time, for a free slot of its node, for the caps, or for a second approver (`held`).
 *   Lease -> leased. Cancel -> cancelled. Deadline -> failed (`deadline`). With a fencing token it is queued under a lease
 *   that was sent and never acknowledged: the very same goes out again, and a word of it counts as if it was still leased.
 * - leased: sent under a fencing token. JobAck, LeaseRenew -> running. Result -> its end. Lost -> queued under that lease if
 *   idempotent, unknown if not: neither is an attempt used up. Lost and wanted ended -> cancelled, where it is not
 *   idempotent as `effect_unknown`: it is not sent again.
 * - running: in the agent's journal. Result -> its end. Lost -> queued anew if idempotent and attempts are left, dead if none
 *   are, unknown if it is not idempotent; idempotent and wanted ended -> cancelled.
 * - unknown: not idempotent, and its lease is lost: nobody but the agent's journal knows. JobAck or LeaseRenew of its
 *   lease -> running. Result of its lease -> its end. An unacknowledged lease is sent again, the very same: the agent knows
 *   it by its attempt. Cancel -> cancelled (`effect_unknown`). Silent for `UNKNOWN_MS` -> failed (`never_reported`).
 * - succeeded, failed, cancelled, dead: ends. dead: all attempts are used up; a person may retry it, which makes it queued
 *   anew. A result that comes now is late: kept, answered, and without effect.
 */
export const JOB_STATES = [
  'queued',
  'leased',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'unknown',
  'dead',
] as const;
export type JobState = (typeof JOB_STATES)[number];

const OPEN: readonly JobState[] = ['queued', 'leased', 'running', 'unknown'];

export function isOver(state: JobState): boolean {
  return !OPEN.includes(state);
}

/** From a lease to its end, unless it is renewed. */
export const LEASE_MS = 90_000;
/** How much longer leases hold that the hub itself may have kept from being renewed. */
export const FAILOVER_GRACE_MS = 300_000;
/** Longest wait for the report of a node on what became of a job. */
export const UNKNOWN_MS = 7 * 24 * 3_600_000;
/** A job that nobody could begin is given up after it, counted from when it was due. */
export const DEADLINE_MS = 24 * 3_600_000;
/** Attempts at an idempotent job; at another: one. */
export const MAX_ATTEMPTS = 3;
/** Done jobs, their results and logs go after it. */
export const KEPT_MS = 30 * 24 * 3_600_000;
/** Kinds that leave something behind on the node or in storage: their signed reports say what, and where. */
export const KEEPSAKE_KINDS = ['backup-stoachain', 'seed-refresh', 'seed-promote'] as const;
/** The same for statements and indices, which are found by it only if they have it word by word. */
export const KEEPSAKE_LIST = KEEPSAKE_KINDS.map((kind) => `'${kind}'`).join(', ');
/** Of those that succeeded: as long as somebody may want what they made. */
export const KEEPSAKES_KEPT_MS = 400 * 24 * 3_600_000;
