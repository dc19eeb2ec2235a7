/** What a key's last blocks say of how often it finds one. Milliseconds since 1970. */
export interface KeyHistory {
  readonly blocks: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Blocks back that a key is judged by: what it mined with weeks ago says little. */
export const HISTORY_BLOCKS = 100;
/** Of fewer nobody can say what is usual. */
export const LEAST_BLOCKS = 10;
/** So rare is a wait after a block that is told of: a key that finds a hundred a day has one by chance in a hundred days. */
export const SILENT_CHANCE = 1e-4;
/** Who mines every other block may wait so long while chainweb itself is slow. */
export const LEAST_SILENCE_MS = 3_600_000;

/** The mean time between its blocks; undefined where it found too few. */
export function usualGapMs({ blocks, firstAt, lastAt }: KeyHistory): number | undefined {
  return blocks < LEAST_BLOCKS ? undefined : (lastAt - firstAt) / (blocks - 1);
}

/**
 * How long a key may wait for a block before something is wrong; undefined where it found too few.
 *
 * Blocks come as a Poisson process of a rate that is known by `n` gaps alone, which took `span` together: the next gap is then
 * longer than `t` with the chance (1 + t / span)^-n. Of many gaps that is exp(-t / mean); of few it leaves room for a history that
 * was luck.
 */
export function silentAfterMs(history: KeyHistory, chance: number = SILENT_CHANCE): number | undefined {
  const { blocks, firstAt, lastAt } = history;
  if (blocks < LEAST_BLOCKS) return undefined;
  return Math.max(LEAST_SILENCE_MS, (lastAt - firstAt) * (chance ** (-1 / (blocks - 1)) - 1));
}

/** @param through up to when all chains are counted: what the hub did not look at, nobody waited for. */
export function isSilent(history: KeyHistory, through: number): boolean {
  const after = silentAfterMs(history);
  return after !== undefined && through - history.lastAt > after;
}
