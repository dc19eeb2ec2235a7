import type { Hour } from '@stoa/protocol/stoicism';

/** What one node's hub hour is worth, in minute words (`hourOf`). */
export interface NodeHour extends Hour {
  readonly nodeId: string;
  /** Whole hours since 1970. */
  readonly hubHour: number;
  /** `hash` of the sealed checkpoint that supports it; undefined where none came. */
  readonly checkpoint: Uint8Array | undefined;
  /** `hash` of each signed record of a gap (`signedHubGap`) that granted minutes of it. */
  readonly gapRecords: readonly Uint8Array[];
}

/** Who closes an hour reads it here. */
export interface NodeHours {
  /**
   * Every node that left anything behind in the hour, ascending by id from behind `after`, in pages. The same evidence gives
   * the same hours, whenever they are asked for.
   */
  hours(hubHour: number, from?: { readonly after?: string }): AsyncIterable<readonly NodeHour[]>;
}
