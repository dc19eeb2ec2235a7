/** A node is looked at when it says that it swapped, and again after each of these while it is young. */
export const LOOK_MS = 30 * 60_000;
export const LOOKS = 3;

/** What the nodes of one owner have shown of a release so far. */
export interface OwnerVoice {
  readonly owner: string;
  /** Nodes with at least one look. */
  readonly nodes: number;
  /** Of those, the ones that failed. */
  readonly failed: number;
  /** And of these, the ones that never ran the new version. */
  readonly swapFailed: number;
  /** Looks at them, the failed ones among them. */
  readonly looks: number;
}

export interface Tally {
  /** Owners with a look. */
  readonly owners: number;
  /** Looks, one owner counting as one node. */
  readonly looks: number;
  /** Failures likewise: an owner of whose nodes a tenth failed gives a tenth. */
  readonly failures: number;
  /** Of these, the ones at the swap. */
  readonly swapFailures: number;
  /** Owners of a failed node, the loudest first. */
  readonly failing: readonly { readonly owner: string; readonly failed: number; readonly nodes: number }[];
  /** Failed nodes of ring 0: ours, so nobody lies about them. */
  readonly ownFailed: number;
}

/** Looks at a node that swapped `ageMs` ago and is well. */
export function looksAt(ageMs: number): number {
  return Math.min(LOOKS, 1 + Math.floor(Math.max(0, ageMs) / LOOK_MS));
}

/**
 * One owner, one voice: whoever runs a hundred nodes is heard as loudly as who runs one, so that nodes can't be bought to
 * stop a release or to wave it through.
 * @param clean what owners without a failure add up to: how many they are, and the sum of their looks a node.
 */
export function tallyOf(by: {
  readonly clean: { readonly owners: number; readonly looks: number };
  readonly failing: readonly OwnerVoice[];
  readonly ownFailed: number;
}): Tally {
  const { clean, failing, ownFailed } = by;
  return {
    owners: clean.owners + failing.length,
    looks: failing.reduce((sum, { looks, nodes }) => sum + looks / nodes, clean.looks),
    failures: failing.reduce((sum, { failed, nodes }) => sum + failed / nodes, 0),
    swapFailures: failing.reduce((sum, { swapFailed, nodes }) => sum + swapFailed / nodes, 0),
    failing: failing
      .map(({ owner, failed, nodes }) => ({ owner, failed, nodes }))
      .sort((a, b) => b.failed / b.nodes - a.failed / a.nodes || (a.owner < b.owner ? -1 : 1)),
    ownFailed,
  };
}
