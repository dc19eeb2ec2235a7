/**
 * quiet -> pending -> firing -> clearing -> quiet, for one rule of one owner on one subject. Pure; milliseconds since 1970.
 *
 * What the owner was told is kept apart from what is: whenever notices are not held back, the two are brought together.
 * So a mute or a maintenance window loses nothing and repeats nothing, whatever happens in it.
 */
export interface Standing {
  readonly phase: 'quiet' | 'pending' | 'firing' | 'clearing';
  /** Pending and firing: since when the condition holds; clearing: since when it doesn't. */
  readonly since: number;
  /** The last notice said that it fires. */
  readonly told: boolean;
  /** Held already when the rule first saw the subject: shown, never told. */
  readonly silent: boolean;
  readonly remindAt: number | undefined;
}

export interface Sight {
  readonly now: number;
  readonly holds: boolean;
  /** Since when it holds, as far as the facts tell. */
  readonly since: number;
  /** The rule has not seen this subject before. */
  readonly first: boolean;
  /** Until when notices are held back. */
  readonly mutedUntil: number | undefined;
  readonly timing: Timing;
}

export interface Timing {
  /** How long it must hold before it fires. */
  readonly delayMs: number;
  /** How long it must be gone before it has recovered. */
  readonly clearMs: number;
  /** How often an alert that stays is told again. */
  readonly remindMs: number;
}

export type Change = 'firing' | 'recovered';
export type Notice = 'firing' | 'reminder' | 'recovered';

export interface Step {
  readonly standing: Standing;
  readonly change: Change | undefined;
  readonly notice: Notice | undefined;
  /** When it must be looked at again though nothing changes. */
  readonly dueAt: number | undefined;
}

export const AT_REST: Standing = {
  phase: 'quiet',
  since: 0,
  told: false,
  silent: false,
  remindAt: undefined,
};

/** Whether there is nothing to remember. */
export function isAtRest(standing: Standing): boolean {
  return standing.phase === 'quiet' && !standing.told;
}

export function isOpen({ phase }: Standing): boolean {
  return phase === 'firing' || phase === 'clearing';
}

export function step(before: Standing, sight: Sight): Step {
  const moved = move(before, sight);
  const change = isOpen(moved) === isOpen(before) ? undefined : isOpen(moved) ? 'firing' : 'recovered';
  const notice = isMuted(sight) ? undefined : noticeOf(moved, sight.now);
  const standing = notice === undefined ? moved : tell(moved, notice, sight);
  return { standing, change, notice, dueAt: dueAt(standing, sight) };
}

function move(before: Standing, sight: Sight): Standing {
  switch (before.phase) {
    case 'quiet':
      return sight.holds ? raise(before, sight) : before;
    case 'pending':
      return sight.holds ? wait(before, sight) : { ...before, phase: 'quiet' };
    case 'firing':
      return sight.holds ? before : clear({ ...before, phase: 'clearing', since: sight.now }, sight);
    case 'clearing':
      return sight.holds ? { ...before, phase: 'firing', since: sight.since } : clear(before, sight);
  }
}

function raise(before: Standing, sight: Sight): Standing {
  // Told and still open in the owner's eyes: it never was at rest.
  if (sight.first && !before.told) return { ...before, phase: 'firing', since: sight.since, silent: true };
  return wait({ ...before, phase: 'pending', since: Math.min(sight.since, sight.now) }, sight);
}

function wait(before: Standing, { now, timing }: Sight): Standing {
  return now >= before.since + timing.delayMs ? { ...before, phase: 'firing' } : before;
}

function clear(before: Standing, { now, timing }: Sight): Standing {
  return now >= before.since + timing.clearMs ? { ...before, phase: 'quiet', silent: false } : before;
}

function isMuted({ now, mutedUntil }: Sight): boolean {
  return mutedUntil !== undefined && mutedUntil > now;
}

function noticeOf({ phase, told, silent, remindAt }: Standing, now: number): Notice | undefined {
  if (phase === 'firing' && !silent && !told) return 'firing';
  if (phase === 'quiet' && told) return 'recovered';
  if (phase === 'firing' && told && remindAt !== undefined && now >= remindAt) return 'reminder';
  return undefined;
}

function tell(standing: Standing, notice: Notice, { now, timing }: Sight): Standing {
  if (notice === 'recovered') return { ...standing, told: false, remindAt: undefined };
  return { ...standing, told: true, remindAt: now + timing.remindMs };
}

function dueAt(standing: Standing, sight: Sight): number | undefined {
  const { phase, since, told, silent, remindAt } = standing;
  if (phase === 'pending') return since + sight.timing.delayMs;
  if (phase === 'clearing') return since + sight.timing.clearMs;
  if (phase === 'quiet') return told ? sight.mutedUntil : undefined;
  if (silent) return undefined;
  return isMuted(sight) ? sight.mutedUntil : remindAt;
}
