/** What is compared between nodes on the new version and nodes that have not been assigned yet. */
export const MEASURES = [
  { name: 'reconnects', unit: 'of the nodes', least: 0.05, share: 0.5 },
  { name: 'crashes', unit: 'of the nodes', least: 0.02, share: 0.5 },
  { name: 'cpu', unit: 'of the host', least: 0.02, share: 0.25 },
  { name: 'memory', unit: 'of the host', least: 0.03, share: 0.1 },
  { name: 'lag', unit: 'blocks', least: 1, share: 0.5 },
  { name: 'silent', unit: 'of the nodes', least: 0.02, share: 1 },
  /** Off the tip: a chainweb-node that stands still has no lag that is known. */
  { name: 'stray', unit: 'of the nodes', least: 0.02, share: 1 },
] as const;

export type MeasureName = (typeof MEASURES)[number]['name'];

/** Of one measure, over owners: each owner's nodes give one number, their mean. */
export interface GroupStats {
  readonly owners: number;
  readonly mean: number;
  /** Of the owners' numbers. */
  readonly variance: number;
}

export interface Comparison {
  readonly measure: MeasureName;
  readonly updated: GroupStats;
  readonly control: GroupStats;
}

/** Of either group; below it nothing is said. */
const FEWEST_OWNERS = 20;
/** Standard errors that a difference must exceed: 1 in 30,000 by chance, at seven measures and a hundred gates still rare. */
const ERRORS = 4;

/** How much worse the updated group is, in standard errors of the difference; undefined where too few owners speak. */
export function standardErrors({ updated, control }: Comparison): number | undefined {
  if (updated.owners < FEWEST_OWNERS || control.owners < FEWEST_OWNERS) return undefined;
  const difference = updated.mean - control.mean;
  const error = Math.sqrt(updated.variance / updated.owners + control.variance / control.owners);
  if (error === 0) return difference === 0 ? 0 : Math.sign(difference) * Number.POSITIVE_INFINITY;
  return difference / error;
}

/** Worse beyond chance, and by as much as anybody would feel: a fleet of 200,000 finds differences that matter to nobody. */
export function regressed(comparison: Comparison): boolean {
  const errors = standardErrors(comparison);
  if (errors === undefined || errors < ERRORS) return false;
  const { least, share } = MEASURES.find(({ name }) => name === comparison.measure)!;
  const { updated, control } = comparison;
  return updated.mean - control.mean >= Math.max(least, share * Math.abs(control.mean));
}
