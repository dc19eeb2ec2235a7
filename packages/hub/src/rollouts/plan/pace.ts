const START_A_MINUTE = 50;
const DOUBLES_EVERY = 1_000;
/** A doubling more would not be felt, and its number would not be one. */
const MOST_DOUBLINGS = 10;

/** Nodes that may start in a minute: the more the release has proved itself, the faster. */
export function perMinute(successes: number): number {
  return START_A_MINUTE * 2 ** Math.min(MOST_DOUBLINGS, Math.floor(successes / DOUBLES_EVERY));
}

/** @param started nodes that began within the last minute. */
export function roomToStart(by: {
  readonly successes: number;
  readonly started: number;
  readonly hurry: number;
}): number {
  return Math.max(0, perMinute(by.successes) * by.hurry - by.started);
}
