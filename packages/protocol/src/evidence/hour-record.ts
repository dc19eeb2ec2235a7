import {
  bool,
  type Decoded,
  fixed,
  list,
  oneOf,
  optional,
  record,
  text,
  u8,
  u16,
  u32,
} from '../codec/codec.ts';
import { MAX_TIPS, tip } from '../messages/gauges.ts';

/** Of the description that the node sends: what gates 5 to 7 are judged by. */
const saidOfItself = record({
  committedPath: text(255),
  committedGb: u32,
  driveCommittedGb: u32,
  p2pFingerprint: text(43),
  p2pPort: u16,
  /** Arguments of chainweb's process, secrets redacted; empty where there is none. */
  argv: list(text(768), 64),
});
export type SaidOfItself = Decoded<typeof saidOfItself>;

const recordedMinute = record({
  /** 0 to 59. */
  minute: u8,
  /** Of the session in which this was said. */
  sessionId: fixed(16),
  /** The hub acknowledged a frame in it. */
  acknowledged: bool,
  /** From the last heartbeat to the end of the minute, milliseconds; the largest value: none was sent yet. */
  beatAgeMs: u32,
  /** Of heartbeats, as the hub asked for it. */
  heartbeatMs: u32,
  chainweb: oneOf('unknown', 'up', 'down', 'stopped'),
  peers: u16,
  /** MiB free on the committed path; the largest value: no heartbeat came after what it promises now. */
  diskFreeMb: u32,
  /** The last that it sent of each chain. */
  tips: list(tip, MAX_TIPS),
  /** Where it was said anew since the line before, and always in the first line of an hour, and once the agent was started anew. */
  said: optional(saidOfItself),
});
export type RecordedMinute = Decoded<typeof recordedMinute>;

/**
 * The node's own word of one hour: of each minute in which it spoke with a hub, what it had said by the minute's end. Its
 * `hash` stands in the hour's signed checkpoint (`inputsDigest`), so what a node shows later is what it signed then. A minute
 * may stand there twice: its process was started anew.
 */
export const hourRecord = record({
  /** Hours since 1970 by the hub's clock. */
  hubHour: u32,
  minutes: list(recordedMinute, 255),
});
export type HourRecord = Decoded<typeof hourRecord>;
