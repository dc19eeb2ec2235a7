const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** So long after its end an hour is closed: by then its checkpoints are in. */
export const CLOSE_AFTER_MS: number = 15 * MINUTE_MS;
/** Until then later words of it are taken. */
export const OPEN_MS: number = 24 * HOUR_MS;

/**
 * When an hour is read, from its end on. The first pass closes it, the others look for later words; each is the whole hour
 * again, since words have no order and nobody needs to tell that there are new ones. The last one only shows what came too late.
 */
const PASSES_MS: readonly number[] = [
  CLOSE_AFTER_MS,
  ...[1, 3, 8].map((hours) => hours * HOUR_MS + CLOSE_AFTER_MS),
  OPEN_MS,
  2 * OPEN_MS,
];

/** Milliseconds since 1970 at which an hour begins. */
export function startOf(hour: number): number {
  return hour * HOUR_MS;
}

export function endOf(hour: number): number {
  return (hour + 1) * HOUR_MS;
}

/** The newest hour whose time to be closed has come. */
export function newestDue(now: number): number {
  return Math.floor((now - CLOSE_AFTER_MS) / HOUR_MS) - 1;
}

/** The first pass later than now; undefined when the hour's time is over. Passes that were missed are one. */
export function nextPass(hour: number, now: number): number | undefined {
  return PASSES_MS.map((offset) => endOf(hour) + offset).find((at) => at > now);
}

/** Words are kept for a week: by what is left then, an hour would seem to have earned nothing. */
const KEPT_MS = 6 * OPEN_MS;

/** Whether the hour can still be read again, also by a hub that was away for long. */
export function isKept(hour: number, now: number): boolean {
  return now <= endOf(hour) + KEPT_MS;
}

/** Whether a pass that was due then still writes: what was told in time counts, even if the hub was away when it should have looked. */
export function takesWords(hour: number, { dueAt, closed }: { dueAt: number; closed: boolean }): boolean {
  return !closed || dueAt <= endOf(hour) + OPEN_MS;
}

/**
 * Behind which node a pass goes on that was cut off. Long after, it begins anew: else words that came in time since, of nodes
 * before that place, would be read only when the day is over.
 */
export function resumesAfter(
  { dueAt, doneUpTo }: { dueAt: number; doneUpTo: string | undefined },
  now: number,
): string | undefined {
  return now - dueAt > HOUR_MS ? undefined : doneUpTo;
}
