import { type Course, halted, opened } from './course.ts';
import { answered, credible, type GateFacts, judge, type Verdict } from './gate.ts';
import { roomToStart } from './pace.ts';
import { LAST_RING, RINGS } from './ring.ts';

/** A gate that has not opened so long after its soak began and was due needs a person. */
export const PATIENCE_MS: number = 24 * 3_600_000;

export interface RolloutFacts extends Omit<GateFacts, 'ring' | 'now' | 'soakSince'> {
  readonly now: number;
  /** Nodes that confirmed, in all rings. */
  readonly successes: number;
  /** Nodes that began within the last minute, in all rings. */
  readonly started: number;
  /** Nothing begins anywhere in the region, or nobody can say whether it may (`PAUSE ALL` fails closed). */
  readonly pausedAll: boolean;
  /** It mends a security fault: only a person halts it. */
  readonly security: boolean;
  /** Why nodes would take none of it any more, whatever the gate says. */
  readonly fault?: string | undefined;
}

export interface Decision {
  readonly course: Course;
  /** Of the rings up to `course.ring`, so many nodes may begin now. */
  readonly start: number;
  readonly verdict: Verdict;
  /** What would halt it, were it no security release, or were it the word of more than a few owners. */
  readonly warning: string | undefined;
}

/**
 * One step of a rollout: what is so now, and what may begin. Without memory of its own: the same facts give the same
 * decision, so a hub that was killed goes on where it was.
 */
export function decide(course: Course, facts: RolloutFacts): Decision {
  const { now, counts, pausedAll, security, fault } = facts;
  const verdict = judge({ ...facts, ring: course.ring, soakSince: course.soakSince });
  const still = { course, start: 0, verdict, warning: undefined };
  if (course.state !== 'running' || fault !== undefined) return unjudged(still, facts);
  const late = lateOf(course, verdict, facts);
  const warning = verdict.halt ?? late;
  // What a few owners can bring about by their silence is told to people, and halts nothing (domain: one owner, one voice).
  const stops = verdict.halt ?? (credible(facts.tally) ? late : undefined);
  if (stops !== undefined && !security) return { ...still, course: halted(course, stops) };
  // Time alone moves nothing while the region is paused: a soak goes on, a ring does not open.
  if (pausedAll) return { ...still, warning };
  if (verdict.open || (security && soaked(verdict)))
    return { course: opened(course, LAST_RING, now), start: 0, verdict, warning };
  const soakSince = course.soakSince ?? (answered(counts) ? now : undefined);
  return { course: { ...course, soakSince }, start: roomToStart(facts), verdict, warning };
}

/** Of a rollout that runs no more, or whose nodes would take nothing: its gate has no say. */
function unjudged(still: Decision, facts: RolloutFacts): Decision {
  const { course } = still;
  const { pausedAll, fault } = facts;
  if (course.state === 'running' && fault !== undefined) return { ...still, course: halted(course, fault) };
  const late = course.state === 'complete' && !pausedAll && fault === undefined;
  return late ? { ...still, start: roomToStart(facts) } : still;
}

function soaked({ checks }: Verdict): boolean {
  return checks.every(({ name, ok }) => ok || (name !== 'answered' && name !== 'soak'));
}

function lateOf(
  { ring, soakSince }: Course,
  verdict: Verdict,
  { now, hurry }: Pick<RolloutFacts, 'now' | 'hurry'>,
): string | undefined {
  if (soakSince === undefined || verdict.open) return undefined;
  if ((now - soakSince) * hurry < RINGS[ring]!.soakMs + PATIENCE_MS) return undefined;
  const missing = verdict.checks.filter(({ ok }) => !ok).map(({ words }) => words);
  return `the gate is closed ${PATIENCE_MS / 3_600_000} h after it was due: ${missing.join('; ')}`;
}
