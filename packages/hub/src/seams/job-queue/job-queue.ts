import type { TransactionSql } from '#seams/db-adapter/index.ts';

/** A reference to work that a hub process runs: what is to be done, and whether it still is, stands in the jobs table. */
export interface QueuedWork {
  /** A UUID. While work of this id waits, runs or lies dead, queueing it again is nothing. */
  readonly id: string;
  readonly kind: string;
  /** Work of one lock never runs twice at once, whatever its kind and wherever: a node, or a host that is none yet. */
  readonly lock: string;
  readonly notBefore?: Date;
}

/** Work under a lease. It ends unless renewed: then somebody else gets it. */
export interface Claim {
  readonly id: string;
  readonly kind: string;
  /** From 1. */
  readonly attempt: number;
  /** What the back end tells this lease from an older or a newer one by. */
  readonly token: string;
}

export interface DeadWork {
  readonly id: string;
  readonly kind: string;
  /** What the last attempt said. */
  readonly why: string;
}

/**
 * Work that hub processes share, at least once: a lease that ran out, a restart or a lost store may bring a piece twice,
 * or (Redis without persistence) not at all. Whoever runs it takes the row of the jobs table first, by its fencing token,
 * and a sweep queues again what that table still waits for.
 */
export interface JobQueue extends AsyncDisposable {
  readonly backEnd: 'pg-boss' | 'bullmq';
  /**
   * @param within where the back end is the same database, the work is there exactly if this transaction commits; where
   * it is not, it is queued at once, and may be claimed before the commit: that claim finds no row and comes to nothing,
   * and the sweep queues the work again.
   */
  enqueue(work: readonly QueuedWork[], within?: TransactionSql): Promise<void>;
  /** At most `most` pieces that are due, whose lock is free, and whose kind is below its cap. */
  claim(most: number): Promise<readonly Claim[]>;
  /** @returns false where the lease is lost. */
  heartbeat(claim: Claim): Promise<boolean>;
  /** Forgets it. @returns false where the lease was lost: it may run elsewhere. */
  complete(claim: Claim): Promise<boolean>;
  /** Once more after a pause that doubles; dead when its attempts are used up. @returns as `complete`. */
  fail(claim: Claim, why: string): Promise<boolean>;
  /** The oldest first. */
  dead(limit: number): Promise<readonly DeadWork[]>;
  /** Forgets dead work, so that its id can be queued again. @returns false where there is none of this id. */
  discard(id: string): Promise<boolean>;
  close(): Promise<void>;
}

export interface QueuePolicy {
  /** How many of each kind run at once, over all processes. Only kinds that are named here can be queued. */
  readonly caps: Readonly<Record<string, number>>;
  /** At least 10. */
  readonly leaseSeconds: number;
  readonly attempts: number;
  /** Before the second attempt. */
  readonly pauseSeconds: number;
}

/** Dead work is kept for as long as done jobs are. */
export const DEAD_KEPT_SECONDS = 30 * 24 * 3_600;
