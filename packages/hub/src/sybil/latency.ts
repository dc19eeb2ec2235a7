/** Mean round trips to the hub of a node, ms, by hour since 1970: as its agent measured them. */
export type LatencyVector = ReadonlyMap<number, number>;

/** Hours that two nodes must have in common before they are held against each other. */
const LEAST_HOURS = 6;
/** Two nodes at one place and link differ by no more than this, over a day (root mean square). */
const ALIKE_MS = 2;

export interface Likeness {
  readonly alike: number;
  /** That can be told, of those that there are. */
  readonly pairs: number;
}

/** How many pairs of nodes are as far from the hub as each other in every hour. */
export function likenessOf(vectors: readonly LatencyVector[]): Likeness {
  let [alike, pairs] = [0, 0];
  for (const [i, one] of vectors.entries())
    for (const other of vectors.slice(i + 1)) {
      const apart = distance(one, other);
      if (apart === undefined) continue;
      pairs += 1;
      if (apart <= ALIKE_MS) alike += 1;
    }
  return { alike, pairs };
}

function distance(one: LatencyVector, other: LatencyVector): number | undefined {
  let [sum, hours] = [0, 0];
  for (const [hour, ms] of one) {
    const there = other.get(hour);
    if (there === undefined) continue;
    sum += (ms - there) ** 2;
    hours += 1;
  }
  return hours < LEAST_HOURS ? undefined : Math.sqrt(sum / hours);
}
