/** A group of fewer is not told by its number: in a small one, a stranger could find a single operator's nodes. */
export const LEAST = 5;

export interface Group {
  readonly name: string;
  /** Undefined: fewer than `LEAST`. */
  readonly count: number | undefined;
}

export interface Groups {
  readonly groups: readonly Group[];
  /** Of the groups that are told by number; the others would follow from a true sum. */
  readonly told: number;
  /** Whether there are more than `told`. */
  readonly andMore: boolean;
}

export function kAnonymous(counts: readonly { readonly name: string; readonly count: number }[]): Groups {
  const present = counts.filter(({ count }) => count > 0);
  const groups = present.map(({ name, count }) => ({ name, count: count < LEAST ? undefined : count }));
  return {
    groups,
    told: groups.reduce((sum, { count = 0 }) => sum + count, 0),
    andMore: groups.some(({ count }) => count === undefined),
  };
}

/** Groups too small to be told, as one: where even that is too small, it is not told either. */
export function lumped(counts: readonly { readonly name: string; readonly count: number }[]): Groups {
  const large = counts.filter(({ count }) => count >= LEAST);
  const rest = counts.reduce((sum, { count }) => sum + (count < LEAST ? count : 0), 0);
  return kAnonymous(rest > 0 ? [...large, { name: 'other', count: rest }] : large);
}
