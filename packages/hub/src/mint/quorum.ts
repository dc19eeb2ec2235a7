/** How many of so many nodes must say the same: most of them, so that liars who are fewer decide nothing, and two at least. */
export function quorumOf(nodes: number): number {
  return Math.max(2, Math.floor(nodes / 2) + 1);
}

/** @returns those that say the same, `quorum` at least; undefined where there are none. */
export function alike<T>(
  said: readonly T[],
  quorum: number,
  textOf: (one: T) => string = JSON.stringify,
): readonly T[] | undefined {
  const byText = Map.groupBy(said, textOf);
  return [...byText.values()].find((group) => group.length >= quorum);
}

/** @returns the greatest number that `quorum` of them reach: neither what is too low nor what is too high alone moves it. */
export function reached(said: readonly number[], quorum: number): number {
  const number = said.toSorted((a, b) => b - a)[quorum - 1];
  if (number === undefined) throw new RangeError(`${said.length} numbers, ${quorum} expected at least`);
  return number;
}
