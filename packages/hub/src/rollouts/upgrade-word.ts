import { LIMITS } from '@stoa/protocol';
import type { JobState } from '#jobs/index.ts';
import { type AssignmentState, DEADLINE_MS, SILENT_MS } from './assignment-state.ts';

/** A node's job, and how the node stands. Times are milliseconds since 1970; undefined: never. */
export interface UpgradeJob {
  readonly nodeId: string;
  readonly place: AssignmentState;
  readonly assignedAt: number;
  readonly deadline: number;
  readonly state: JobState;
  /** In the agent's journal. */
  readonly acked: boolean;
  readonly code: string;
  readonly message: string;
  readonly attemptsLeft: boolean;
  readonly endedAt: number | undefined;
  /** Reports the version, or a newer one. */
  readonly runs: boolean;
  readonly version: string;
  readonly atTipAt: number | undefined;
  readonly lastSeen: number | undefined;
}

/** What becomes of the node's place. */
export interface UpgradeWord {
  readonly state: AssignmentState;
  readonly reason: string;
  readonly deadline: number;
}

/** From the end of the job until the node must be heard with its new version, at the tip. */
export const AT_TIP_MS: number = 30 * 60_000;
/** To begin, and the longest run that the kind has. */
const LONGEST_MS = DEADLINE_MS + LIMITS.longJobMs;
/** A deadline is put off in steps: not each look is a write. */
const STEP_MS = 10 * 60_000;

/** The node did not take it, and has changed nothing: no fault of what it was to take. */
const REFUSALS: ReadonlySet<string> = new Set([
  ...['refused', 'paused', 'policy_denies', 'policy_damaged', 'kind_unknown', 'kind_unsupported'],
  ...['wrong_node', 'wrong_root', 'certificate_expired', 'bad_signature', 'bad_params', 'deadline_passed'],
  ...['order_missing', 'bad_order', 'order_used', 'order_not_owners', 'too_many_today', 'no_docker'],
  ...['root_away', 'root_bad_args', 'root_bad_job', 'root_bad_order', 'root_busy', 'root_denied'],
  ...['root_no_node', 'root_not_kept', 'root_not_pinned', 'root_order_used'],
]);

/**
 * What a job says of its node's place; undefined: nothing new. The kind puts back by itself what fails, so a failure that
 * is not `rolled_back` came before or after the exchange.
 */
export function wordOf(job: UpgradeJob, by: { now: number; deaf: boolean }): UpgradeWord | undefined {
  const { place, deadline } = job;
  const word = said(job, by);
  if (word === undefined || (word.state === place && word.deadline < deadline + STEP_MS)) return undefined;
  // An end of the hub's making is corrected by what the node shows, and by nothing less.
  if (place === 'failed' && word.state !== 'confirmed') return undefined;
  return word;
}

function said(job: UpgradeJob, by: { now: number; deaf: boolean }): UpgradeWord | undefined {
  const { state, code, message, deadline } = job;
  const ended = (end: AssignmentState, reason: string) => ({ state: end, reason, deadline });
  switch (state) {
    case 'leased':
    case 'running':
      return job.acked ? running(job, by.now) : undefined;
    case 'succeeded':
      return after(job, by);
    case 'failed':
      if (code === 'deadline') return late(job);
      if (code === 'rolled_back') return ended('rolled-back', message);
      return ended(REFUSALS.has(code) ? 'refused' : 'failed', told(code, message));
    case 'cancelled':
      return ended('refused', message || 'cancelled');
    case 'dead':
      return ended('failed', told(code, message));
    // Its lease was lost, or it has not begun: that has a deadline of its own.
    case 'queued':
    case 'unknown':
      return undefined;
    default:
      return state satisfies never;
  }
}

/** It could not begin: held back, or its node was away. Once it had begun before, its place has an end of its own. */
function late({ place, attemptsLeft, deadline, message }: UpgradeJob): UpgradeWord | undefined {
  if (place === 'stuck' || place === 'vanished') return undefined;
  return place === 'assigned' && attemptsLeft
    ? { state: 'waiting', reason: '', deadline }
    : { state: 'failed', reason: told('deadline', message), deadline };
}

function running({ assignedAt }: UpgradeJob, now: number): UpgradeWord | undefined {
  const deadline = Math.min(now + DEADLINE_MS, assignedAt + LONGEST_MS);
  return deadline > now ? { state: 'trying', reason: '', deadline } : undefined;
}

function after(job: UpgradeJob, { now, deaf }: { now: number; deaf: boolean }): UpgradeWord | undefined {
  const { endedAt = now, runs, version, atTipAt = 0, lastSeen = 0 } = job;
  const deadline = endedAt + AT_TIP_MS;
  if (runs && atTipAt > endedAt) return { state: 'confirmed', reason: '', deadline };
  if (now <= deadline) return { state: 'trying', reason: '', deadline };
  if (deaf || job.place === 'stuck' || job.place === 'vanished') return undefined;
  if (lastSeen < now - SILENT_MS)
    return { state: 'vanished', reason: 'not heard since its upgrade', deadline };
  const shown = runs ? 'it has not been at the tip since' : `it reports ${version || 'no version'}`;
  return { state: 'failed', reason: `its job succeeded, and ${shown}`, deadline };
}

function told(code: string, message: string): string {
  return message === '' ? code : `${code}: ${message}`;
}
