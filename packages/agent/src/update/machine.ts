import type { UpdateState } from '@stoa/protocol';
import type { Goal } from '#update/goal.ts';

/**
 * One update from its assignment to its end (F09). Each state is left only as said here.
 *
 * - idle, refused, confirmed, rolled-back, failed, cancelled: ends. A goal with an unseen id -> assigned.
 * - assigned: the metadata is fetched, and what the owner wants is asked. -> deferred | downloading | draining (what is
 *   kept needs no download) | refused | failed | confirmed (it runs already).
 * - deferred: waits for an hour that the owner allows. -> assigned | refused (past the deadline).
 * - downloading: -> staged | failed | refused (no room, not what was signed).
 * - staged: -> draining | failed.
 * - draining: no work is taken, what runs goes on to its end. -> trying | failed.
 * - trying: the next process decides. -> confirmed | rolled-back | failed; or assigned, where the swap was never made. Where
 *   a day brought no verdict (the hub was away), the failure is taken back by the one that comes at last.
 *
 * Before `trying` a cancel ends it. Before `draining` a new goal takes its place, but a hub's never that of this host's user.
 * A process that starts anew in the
 * middle begins again at `assigned`, `ATTEMPTS` times at most.
 *
 * Invariants: a state that is no end has a goal and ends by itself at `until`; an id is obeyed once, whatever is rolled back
 * or replayed (F10).
 */
export interface Progress {
  readonly state: UpdateState;
  /** ms since 1970. */
  readonly since: number;
  /** 0 for an end. */
  readonly until: number;
  readonly goal: Goal | undefined;
  readonly reason: string;
  readonly detail: string;
  /** Of a version that failed (F35). */
  readonly lastLines: readonly string[];
  /** Where the goal was staged; empty before. */
  readonly slot: string;
  /** How often this goal was begun. */
  readonly attempts: number;
}

export interface UpdateHistory {
  readonly progress: Progress;
  /** Ids that were obeyed or cancelled, the oldest first. */
  readonly seen: readonly string[];
}

interface Why {
  readonly reason: string;
  readonly detail: string;
}

export type UpdateEvent =
  | { readonly type: 'assigned'; readonly goal: Goal }
  | { readonly type: 'cancelled'; readonly id: string }
  | ({ readonly type: 'deferred' } & Why)
  | { readonly type: 'due' }
  | { readonly type: 'downloading' }
  | { readonly type: 'staged'; readonly slot: string }
  | { readonly type: 'draining'; readonly slot: string }
  | { readonly type: 'trying' }
  | ({ readonly type: 'refused' | 'failed' } & Why)
  | ({ readonly type: 'confirmed' } & Why)
  | ({ readonly type: 'rolled-back'; readonly lines: readonly string[] } & Why)
  /** A process began, and this was under way. */
  | { readonly type: 'began' }
  /** The process that was to be the new version is the old one, and the new one never ran. */
  | { readonly type: 'unswapped' }
  /** Time has passed. */
  | { readonly type: 'clock' };

export const IDLE: Progress = {
  state: 'idle',
  since: 0,
  until: 0,
  goal: undefined,
  reason: '',
  detail: '',
  lastLines: [],
  slot: '',
  attempts: 0,
};

export const NO_HISTORY: UpdateHistory = { progress: IDLE, seen: [] };

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
export const ATTEMPTS = 5;
export const SEEN = 64;

type Passing = 'assigned' | 'deferred' | 'downloading' | 'staged' | 'draining' | 'trying';

/** Longest stay, and what its end means. `trying` alone outlives the assignment's deadline: by then it is too late to stop. */
const STAY: Readonly<Record<Passing, { ms: number; end: 'refused' | 'failed'; why: Why }>> = {
  assigned: {
    ms: 6 * HOUR_MS,
    end: 'failed',
    why: { reason: 'metadata_late', detail: 'the metadata of the release could not be had in time' },
  },
  deferred: {
    ms: 30 * 24 * HOUR_MS,
    end: 'refused',
    why: { reason: 'deferred_past_deadline', detail: 'the owner allowed no time before the deadline' },
  },
  downloading: {
    ms: 6 * HOUR_MS,
    end: 'failed',
    why: { reason: 'download_late', detail: 'the download did not end in time' },
  },
  staged: {
    ms: HOUR_MS,
    end: 'failed',
    why: { reason: 'select_late', detail: 'the new version could not be selected in time' },
  },
  // The longest job takes twelve hours.
  draining: {
    ms: 13 * HOUR_MS,
    end: 'failed',
    why: { reason: 'jobs_endless', detail: 'jobs of this node did not end in time' },
  },
  trying: {
    ms: 24 * HOUR_MS,
    end: 'failed',
    why: { reason: 'undecided', detail: 'the new version neither proved itself nor failed in a day' },
  },
};

/** Whether a swap was made, and what becomes of it is to be seen. */
export function awaitsVerdict({ state, reason }: Progress): boolean {
  return state === 'trying' || (state === 'failed' && reason === STAY.trying.why.reason);
}

export function isPassing(state: UpdateState): state is Passing {
  return Object.hasOwn(STAY, state);
}

const BEFORE_DRAIN: ReadonlySet<UpdateState> = new Set(['assigned', 'deferred', 'downloading', 'staged']);
const REACHED_FROM: Readonly<Partial<Record<UpdateEvent['type'], readonly UpdateState[]>>> = {
  deferred: ['assigned'],
  due: ['deferred'],
  downloading: ['assigned'],
  staged: ['downloading'],
  draining: ['assigned', 'staged'],
  trying: ['draining'],
  refused: ['assigned', 'deferred', 'downloading', 'staged', 'draining'],
  failed: ['assigned', 'deferred', 'downloading', 'staged', 'draining', 'trying'],
  confirmed: ['assigned'],
  unswapped: ['trying'],
};

/** The next state; the very same history where the event means nothing in this one. */
export function next(history: UpdateHistory, event: UpdateEvent, now: number): UpdateHistory {
  const { progress, seen } = history;
  if (event.type === 'assigned') return assigned(history, event.goal, now);
  if (event.type === 'cancelled') {
    const ids = remember(seen, event.id);
    const meant = progress.goal?.id === event.id && isPassing(progress.state) && progress.state !== 'trying';
    if (meant) return { progress: enter(progress, 'cancelled', now, CANCELLED), seen: ids };
    return ids === seen ? history : { progress, seen: ids };
  }
  const changed = move(progress, event, now);
  return changed === progress ? history : { progress: changed, seen };
}

const CANCELLED: Why = { reason: 'cancelled', detail: 'the hub took the assignment back' };

function assigned(history: UpdateHistory, goal: Goal, now: number): UpdateHistory {
  const { progress, seen } = history;
  const ours = progress.goal?.by === 'host' && goal.by === 'hub';
  const busy = isPassing(progress.state) && (ours || !BEFORE_DRAIN.has(progress.state));
  // Not remembered while busy: who assigns it is told so, and asks again.
  if (busy || seen.includes(goal.id)) return history;
  return { progress: begin({ ...IDLE, goal }, now), seen: remember(seen, goal.id) };
}

function remember(seen: readonly string[], id: string): readonly string[] {
  return seen.includes(id) ? seen : [...seen, id].slice(-SEEN);
}

/** At `assigned`, unless this goal was begun too often. */
function begin(progress: Progress, now: number): Progress {
  const attempts = progress.attempts + 1;
  if (attempts > ATTEMPTS) {
    const detail = `it was begun ${ATTEMPTS} times and never came to an end`;
    return enter(progress, 'failed', now, { reason: 'begun_too_often', detail });
  }
  return enter({ ...progress, attempts, slot: '' }, 'assigned', now);
}

function move(progress: Progress, event: UpdateEvent, now: number): Progress {
  const { state } = progress;
  if (event.type === 'began') {
    return isPassing(state) && state !== 'trying' ? begin(progress, now) : progress;
  }
  if (event.type === 'clock') {
    if (!isPassing(state) || now < progress.until) return progress;
    const { end, why } = STAY[state];
    return enter(progress, end, now, why);
  }
  const judged = awaitsVerdict(progress) && (event.type === 'confirmed' || event.type === 'rolled-back');
  if (!(judged || REACHED_FROM[event.type]?.includes(state))) return progress;
  switch (event.type) {
    case 'due':
      return enter(progress, 'assigned', now);
    case 'unswapped':
      return begin(progress, now);
    case 'staged':
      return enter({ ...progress, slot: event.slot }, 'staged', now);
    case 'draining':
      return enter({ ...progress, slot: event.slot }, 'draining', now);
    case 'rolled-back':
      return { ...enter(progress, 'rolled-back', now, event), lastLines: event.lines };
    case 'deferred':
    case 'refused':
    case 'failed':
    case 'confirmed':
      return enter(progress, event.type, now, event);
    case 'downloading':
    case 'trying':
      return enter(progress, event.type, now);
    default:
      return progress;
  }
}

function enter(progress: Progress, state: UpdateState, now: number, why?: Why): Progress {
  const { reason = '', detail = '' } = why ?? {};
  return { ...progress, state, since: now, until: endOf(state, progress.goal, now), reason, detail };
}

function endOf(state: UpdateState, goal: Goal | undefined, now: number): number {
  if (!isPassing(state)) return 0;
  const longest = now + STAY[state].ms;
  if (state === 'trying' || goal === undefined) return longest;
  // Already past: it ends with the next look at the clock.
  return Math.max(now + 1, Math.min(longest, goal.deadline));
}
