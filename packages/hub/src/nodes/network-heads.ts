/** A chain's verified head. */
export interface NetworkHead {
  readonly chain: number;
  readonly height: number;
  /** base64url, 43 characters. */
  readonly hash: string;
  /** When its header says it was made, milliseconds since 1970. */
  readonly at: number;
}

export interface TipStanding {
  readonly chain: number;
  /** unknown: not verified by the hub, so it counts for nothing. */
  readonly state: 'tip' | 'behind' | 'forked' | 'unknown';
  /** Blocks behind; null where unknown. */
  readonly lag: number | null;
}

/** What the hub verified of the network: heads come from full verification only, never from a node's word. */
export interface NetworkHeads {
  heads(): readonly NetworkHead[];
  lag(tips: Iterable<{ readonly chain: number; readonly hash: string }>): readonly TipStanding[];
}
