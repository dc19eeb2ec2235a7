import type { Header } from '@stoa/protocol/chainweb';
import type { HeaderTree } from './header-tree.ts';

export interface ReportedTip {
  readonly chain: number;
  readonly hash: string;
  /** What the node claims. Believed only where it speaks against the node. */
  readonly height?: number;
}

/**
 * - tip: at the head, or ahead of a head that others have yet to corroborate
 * - behind: below the head, on its branch
 * - forked: verified, but on another branch than the head. For seconds, that is what the loser of two blocks found at
 *   once looks like: its lag is then 1
 * - unknown: not verified, so it counts for nothing
 */
export type TipState = 'tip' | 'behind' | 'forked' | 'unknown';

export interface ChainLag {
  readonly chain: number;
  readonly state: TipState;
  /** Blocks of the head's branch that the node lacks; null where unknown. */
  readonly lag: number | null;
  /** Verified height of the tip; null where unknown. */
  readonly height: number | null;
  /** Blocks of the tip that are not the head's past. */
  readonly forkDepth: number;
}

/** @param heads by chain */
export function lagOf(tree: HeaderTree, tips: Iterable<ReportedTip>, heads: readonly Header[]): ChainLag[] {
  return Array.from(tips, (tip) => lagBelow(tree, tip, heads[tip.chain]));
}

function lagBelow(tree: HeaderTree, tip: ReportedTip, head: Header | undefined): ChainLag {
  const { chain } = tip;
  const header = tree.get(tip.hash);
  if (head === undefined || header?.chain !== chain) {
    const lag = head !== undefined && tip.height !== undefined && tip.height < tree.floor;
    return lag
      ? { chain, state: 'behind', lag: head.height - tip.height, height: null, forkDepth: 0 }
      : { chain, state: 'unknown', lag: null, height: null, forkDepth: 0 };
  }
  const { height } = header;
  const common = tree.meet(header, head);
  if (common === head) {
    return { chain, state: 'tip', lag: 0, height, forkDepth: 0 };
  }
  const shared = common?.height ?? tree.floor;
  const state = common === header ? 'behind' : 'forked';
  return { chain, state, lag: head.height - shared, height, forkDepth: height - shared };
}
