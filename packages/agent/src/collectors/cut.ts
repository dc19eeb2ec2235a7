export interface ChainTip {
  readonly chain: number;
  readonly height: number;
  /** 32 bytes. */
  readonly hash: Uint8Array;
}

/** What the node says of its heads: the hub judges it. */
export interface Cut {
  /** Ascending by chain. */
  readonly tips: readonly ChainTip[];
  /** Sum of the heights. */
  readonly height: number;
  /** Of the last poll: the stream of headers doesn't tell it. */
  readonly weight: bigint;
  readonly source: 'poll' | 'stream';
}
