/** A mint's day: UTC. */
const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;
/** At which a day is cut: hours before it are in. */
const CUT_HOUR = 6;

/** The hour of the ledger in which events of an epoch's mint stand, and before which all hours are closed at its cut. */
export function hourOf(epoch: number): number {
  return epoch * DAY_HOURS + CUT_HOUR;
}

/** The newest day whose hour has come. @param now milliseconds since 1970. */
export function dueEpoch(now: number): number {
  return Math.floor((Math.floor(now / HOUR_MS) - CUT_HOUR) / DAY_HOURS);
}

/** `2026-11-26`. */
export function dayText(epoch: number): string {
  return new Date(epoch * DAY_HOURS * HOUR_MS).toISOString().slice(0, 10);
}

/** @returns the epoch; undefined for what is no day. */
export function parseDay(text: string): number | undefined {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return undefined;
  const epoch = Date.parse(`${text}T00:00:00Z`) / (DAY_HOURS * HOUR_MS);
  return Number.isInteger(epoch) && dayText(epoch) === text ? epoch : undefined;
}
