import type { Peers } from './store.ts';

/** How a node did among its like: those of its region and type of hardware that earned that day. */
export interface Standing {
  /** Whole days since 1970. */
  readonly day: number;
  /** Of its peers, itself among them. */
  readonly nodes: number;
  /** Per cent of them that had less, at least; below 100, above which nobody can say it by hundreds. */
  readonly above: number;
}

/** @param points of the node, of the peers' day. */
export function standingAmong({ day, nodes, thresholds }: Peers, points: bigint): Standing {
  return { day, nodes, above: thresholds.filter((threshold) => threshold < points).length };
}
