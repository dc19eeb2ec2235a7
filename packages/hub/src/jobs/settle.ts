import type { JobResult } from '@stoa/protocol';
import { isOver, type JobState } from './state.ts';

/** What the row says when a result comes. */
export interface HeldJob {
  readonly state: JobState;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly fencingToken: number | undefined;
  readonly idempotent: boolean;
  readonly cancelWanted: string | undefined;
}

export interface Settled {
  readonly state: JobState;
  readonly code: string;
  readonly message: string;
}

type Told = Pick<JobResult, 'attempt' | 'fencingToken' | 'outcome' | 'code' | 'message'>;

/**
 * What a result does to its job: undefined where it is late, since another lease has the job by now, or it has ended (F22).
 * A job whose fate was unknown, or that is queued under its lease again, takes the word of that lease.
 */
export function settle(job: HeldJob | undefined, result: Told): Settled | undefined {
  if (job === undefined || job.fencingToken !== result.fencingToken || job.attempt !== result.attempt)
    return undefined;
  if (isOver(job.state)) return undefined;
  const { message } = result;
  switch (result.outcome) {
    case 'succeeded':
      return { state: 'succeeded', code: '', message };
    case 'cancelled':
      return { state: 'cancelled', code: result.code || 'cancelled', message };
    case 'failed':
    case 'refused':
      return { state: 'failed', code: result.code || result.outcome, message };
    case 'interrupted':
      return afterInterruption(job, message);
    default:
      return result.outcome satisfies never;
  }
}

/** Done again where that is the same as done once: by itself while attempts are left, then by a person. */
function afterInterruption(job: HeldJob, message: string): Settled {
  if (job.cancelWanted !== undefined) return { state: 'cancelled', code: 'interrupted', message };
  if (!job.idempotent) return { state: 'failed', code: 'interrupted', message };
  if (job.attempt < job.maxAttempts) return { state: 'queued', code: '', message: '' };
  return { state: 'dead', code: 'attempts_used_up', message };
}

export type ChainLink = 'follows' | 'gap' | 'conflict';

/** How far a node's chain of results is known. */
export interface ChainTip {
  readonly number: number;
  /** Hex of the hash of the sealed result with that number; undefined before the first. */
  readonly hash: string | undefined;
}

/**
 * Whether a result continues the node's chain. A gap is what a restored database leaves, or a result that is still on its
 * way from a disk elsewhere; a conflict is a second history, which no honest node has.
 */
export function linkOf(
  tip: ChainTip,
  result: { readonly number: number; readonly previous: string },
): ChainLink {
  if (result.number > tip.number + 1) return 'gap';
  if (result.number <= tip.number) return 'conflict';
  return tip.hash === undefined || tip.hash === result.previous ? 'follows' : 'conflict';
}
