export const ROLLOUT_STATES = ['running', 'paused', 'halted', 'aborted', 'complete'] as const;
export type RolloutState = (typeof ROLLOUT_STATES)[number];

/**
 * The course of one rollout.
 *
 * running: its ring is filled, soaked and judged. Leaves it by a person (paused, aborted), the gate (halted), or the end
 *   of the last ring (complete).
 * paused, halted: nothing begins; what has begun comes to its end. Left by a person only: resumed or aborted. Halted says
 *   why, and what had been assigned and not begun was taken back.
 * complete: nodes that come late are still given it, without a gate. Left when a newer rollout takes its place (aborted).
 * aborted: the end.
 */
export interface Course {
  readonly state: RolloutState;
  readonly ring: number;
  readonly ringSince: number;
  /** When all of the ring had answered. */
  readonly soakSince: number | undefined;
  /** What settled before it speaks no more: a person has seen it and resumed. */
  readonly judgedSince: number;
  /** Why it is halted, or paused; empty otherwise. */
  readonly reason: string;
}

export type CourseAct = 'pause' | 'resume' | 'abort';

export function begun(now: number): Course {
  return { state: 'running', ring: 0, ringSince: now, soakSince: undefined, judgedSince: now, reason: '' };
}

const FROM: Readonly<Record<CourseAct, readonly RolloutState[]>> = {
  pause: ['running'],
  resume: ['paused', 'halted'],
  abort: ['running', 'paused', 'halted', 'complete'],
};

/** What a person may do with it now. */
export function actsOn(course: Pick<Course, 'state'>): readonly CourseAct[] {
  return (['pause', 'resume', 'abort'] as const).filter((act) => FROM[act].includes(course.state));
}

/** @returns undefined where the act is not possible from here. */
export function acted(
  course: Course,
  act: CourseAct,
  by: { now: number; reason: string },
): Course | undefined {
  if (!FROM[act].includes(course.state)) return undefined;
  switch (act) {
    case 'pause':
      return { ...course, state: 'paused', reason: by.reason };
    case 'abort':
      return { ...course, state: 'aborted', reason: by.reason };
    case 'resume': {
      // What halted it has been judged by a person: the test begins anew. A pause has judged nothing.
      const judgedSince = course.state === 'halted' ? by.now : course.judgedSince;
      return { ...course, state: 'running', reason: '', judgedSince, soakSince: undefined };
    }
  }
}

export function halted(course: Course, reason: string): Course {
  return { ...course, state: 'halted', reason };
}

/** The next ring, or the end. */
export function opened(course: Course, last: number, now: number): Course {
  if (course.ring >= last) return { ...course, state: 'complete', soakSince: course.soakSince ?? now };
  return { ...course, ring: course.ring + 1, ringSince: now, soakSince: undefined };
}
