const HOUR_MS = 3_600_000;

/** Hours since 1970. @param at milliseconds since 1970, by the hub's clock. */
export function hubHourOf(at: number): number {
  return Math.floor(at / HOUR_MS);
}

/** From which hour on a change counts that is made now. */
export function nextHour(at: number): number {
  return hubHourOf(at) + 1;
}

/** When an hour begins, milliseconds since 1970. */
export function beginOf(hubHour: number): number {
  return hubHour * HOUR_MS;
}
