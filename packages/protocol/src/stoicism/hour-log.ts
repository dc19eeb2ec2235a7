import type { Heartbeat, Tip } from '../messages/gauges.ts';

/** What the node noted of one minute, as it stood at its end: what the gates judged it by. */
export interface LoggedMinute {
  /** 0 to 59 of the hub's hour; -1 and 60 are the neighbours of the hour, where they are known. */
  readonly minute: number;
  /** The hub acknowledged a frame in it. */
  readonly acknowledged: boolean;
  /** Hex; undefined while there was none. A verdict on the first minute of a session may be older than what the hub was told. */
  readonly sessionId: string | undefined;
  /** Milliseconds by which the last heartbeat preceded the minute's end. */
  readonly beatAgeMs: number;
  /** As the hub was last told of each chain. */
  readonly tips: readonly Tip[];
  readonly chainweb: Heartbeat['chainweb'];
  readonly peers: number;
  readonly freeMb: number;
  readonly committedGb: number;
  readonly driveCommittedGb: number;
  /** Of chainweb's process, as it was described to the hub; empty: there was none. */
  readonly argv: readonly string[];
}

/** A node's own record of an hour. Who reads it recomputes the digests, by which the node's checkpoint committed to it. */
export interface HourLog {
  readonly tipsDigest: Uint8Array;
  readonly inputsDigest: Uint8Array;
  /** Ascending; minutes in which nothing ran are missing. */
  readonly minutes: readonly LoggedMinute[];
}
