import { LIMITS } from '@stoa/protocol';
import { compareVersions } from '@stoa/protocol/release';
import type { Goal } from '#update/goal.ts';
import { LONGEST_DEFERRAL_MS, type Preferences, untilWindow } from '#update/preferences.ts';

/** What is known when a goal is judged; times in ms since 1970. */
export interface Circumstances {
  readonly now: number;
  /** The goal's very bytes run already. */
  readonly has: boolean;
  /** What this node has reached of the goal's kind, 'a.b.c': nothing older is installed, but for a root that says so. */
  readonly reached: string;
  /** Signed: what is older runs update-only. */
  readonly floor: string;
  /** When this node first saw a floor above what it runs; undefined where it is above no such floor. */
  readonly floorSeenAt: number | undefined;
  /** Signed: the release mends a security fault. */
  readonly security: boolean;
  /** It does nothing but update: there is nothing to spare. */
  readonly updateOnly: boolean;
  readonly preferences: Preferences;
  /** Why those can't be read. */
  readonly preferencesFault: string;
  /** Versions that failed here. */
  readonly rejected: readonly string[];
  /** When this goal was taken. */
  readonly takenAt: number;
}

export type Judgement =
  | { readonly verdict: 'go' }
  | { readonly verdict: 'has' }
  | { readonly verdict: 'wait'; readonly until: number; readonly reason: string; readonly detail: string }
  | { readonly verdict: 'no'; readonly reason: string; readonly detail: string };

/** From the first sight of a security floor to its going past the owner's pin, deferral and window. */
export const NOTICE_MS: number = LIMITS.updateNoticeMs;

/** Whether a signed floor has overruled the owner by now. */
export function isOverruled({ updateOnly, floorSeenAt, now }: Circumstances): boolean {
  return updateOnly || (floorSeenAt !== undefined && now >= floorSeenAt + NOTICE_MS);
}

/** Whether, and when, a goal whose target is in the signed metadata may begin. The owner is asked first. */
export function judge(goal: Goal, facts: Circumstances): Judgement {
  if (goal.act === 'install') {
    const refusal = unfit(goal, facts);
    if (refusal !== undefined) return refusal;
  }
  if (goal.notBefore > facts.now)
    return wait(goal.notBefore, 'not_before', 'the rollout begins later for this node');
  return isOverruled(facts) ? { verdict: 'go' } : askOwner(goal, facts);
}

function unfit(goal: Goal, { has, reached, floor, rejected }: Circumstances): Judgement | undefined {
  if (has) return { verdict: 'has' };
  if (compareVersions(goal.version, floor) < 0)
    return no('below_floor', `${goal.version} is older than the signed floor ${floor}`);
  if (rejected.includes(goal.version))
    return no(
      'failed_before',
      `${goal.version} failed on this node before: install.sh --version ${goal.version} tries it again`,
    );
  if (compareVersions(goal.version, reached) < 0)
    return no(
      'older',
      `${goal.version} is older than ${reached}, which was reached here: only a rollback goes back`,
    );
  return undefined;
}

function askOwner(goal: Goal, facts: Circumstances): Judgement {
  const { preferences, preferencesFault, now, takenAt } = facts;
  const { pin, deferUntil, window } = preferences;
  if (preferencesFault !== '')
    return no('wishes_unreadable', `what the owner wants can't be read: ${preferencesFault}`);
  if (pin !== '' && goal.act === 'install' && goal.kind === 'payload' && goal.version !== pin)
    return no('pinned', `the owner has pinned ${pin}`);
  if (goal.by === 'host') return { verdict: 'go' };
  const deferred = Math.min(deferUntil, takenAt + LONGEST_DEFERRAL_MS);
  if (deferred > now)
    return wait(deferred, 'deferred_by_owner', `the owner defers updates until ${iso(deferred)}`);
  // A hub's word alone opens no window: the release's signers must call it urgent too.
  const closed = goal.now && facts.security ? 0 : untilWindow(window, now);
  if (closed > 0)
    return wait(now + closed, 'outside_window', `the owner allows updates at ${window} UTC only`);
  return { verdict: 'go' };
}

function no(reason: string, detail: string): Judgement {
  return { verdict: 'no', reason, detail };
}

function wait(until: number, reason: string, detail: string): Judgement {
  return { verdict: 'wait', until, reason, detail };
}

function iso(at: number): string {
  return new Date(at).toISOString();
}
