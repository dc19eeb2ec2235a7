import { bool, bytes, type Decoded, fixed, record, text, u8, u16, u32, u64 } from '../codec/codec.ts';

/** The first frame of a session, so its MAC confirms the keys to the agent. */
export const welcome = record({
  sessionId: fixed(16),
  /** Assigned by the hub: stored + 1, the restore generation in the high bits. */
  epoch: u64,
  version: u8,
  capabilities: u32,
  heartbeatMs: u32,
  pingMs: u32,
  credits: u16,
  /** A lost session waits uniformly over this window before its first attempt. */
  reconnectWindowMs: u32,
  /** On the wire under the session's mask (see `ratchet.ts`); in the clear on both sides. */
  ratchet: fixed(32),
  /** MACed by the region; shown at the next upgrade for a place in the queue of known nodes. */
  cookie: bytes(128),
  /** `regionTimeKind`, sealed; with its region certificate (`authority`). */
  regionTime: bytes(512),
  authority: bytes(512),
  hubTime: u64,
  hubHour: u32,
  label: text(64),
  /** A stale copy or an unknown node: connected and seen, but unpaid and given no work. */
  quarantined: bool,
});
export type Welcome = Decoded<typeof welcome>;
