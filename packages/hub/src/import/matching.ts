import type { Likeness } from './schema.ts';

/** An imported node that is like one that joins. */
export interface Candidate {
  readonly label: string;
  readonly why: Likeness;
}

/**
 * Which imported node it is, where that is beyond doubt: the id decides, then a label and a host of the same one, then
 * whatever stands alone. Anything else is for the owner to say: a wrong match would give a node another one's past.
 */
export function matchOf(candidates: readonly Candidate[]): Candidate | undefined {
  for (const why of ['id', 'label and host'] as const) {
    const [first, ...others] = candidates.filter((candidate) => candidate.why === why);
    if (first !== undefined && others.length === 0) return first;
  }
  return candidates.length === 1 ? candidates[0] : undefined;
}
