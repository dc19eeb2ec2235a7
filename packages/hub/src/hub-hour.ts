const HOUR_MS = 3_600_000;

/** Whole hours since 1970 by the hub's clock. */
export function hubHourOf(at: number): number {
  return Math.floor(at / HOUR_MS);
}

/** From which hour on a change holds: no hour that has begun is ever paid otherwise than it began (domain.md, Changes). */
export function nextHour(now: number): number {
  return hubHourOf(now) + 1;
}

/** Milliseconds since 1970 at which an hour begins. */
export function startOf(hubHour: number): number {
  return hubHour * HOUR_MS;
}
