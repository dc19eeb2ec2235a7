import { type Codec, type Decoded, fixed, list, oneOf, record, u8, u16, u32, u64 } from '../codec/codec.ts';

/** What the node measures of itself: about 50 bytes. Unknown values are the largest of their width. */
export const gauges = record({
  /** CPU in use, per mille of all cores. */
  cpuPermille: u16,
  /** One-minute load average x 100. */
  loadCenti: u16,
  memUsedMb: u32,
  memTotalMb: u32,
  /** Free and total MiB on the committed path. */
  diskFreeMb: u32,
  diskTotalMb: u32,
  /** Kilobits a second over the last interval. */
  rxKbps: u32,
  txKbps: u32,
  /** chainweb peers. */
  peers: u16,
  /** Round trip of the last ping to the hub, milliseconds. */
  rttMs: u16,
});
export type Gauges = Decoded<typeof gauges>;

export const UNKNOWN_U16 = 0xffff;
export const UNKNOWN_U32 = 0xffff_ffff;

const tipRecord = record({ chain: u8, height: u32, hash: fixed(32) });
export type Tip = Decoded<typeof tipRecord>;

/** Two thirds of what a hub decodes are tips: read without a loop over the fields, which is twice as fast. */
export const tip: Codec<Tip> = {
  ...tipRecord,
  read: (reader) => ({ chain: reader.u8(), height: reader.u32(), hash: reader.raw(32) }),
};

export const MAX_TIPS = 20;

/** Bounds a heartbeat: the gauges, and only those tips that changed since the hub last acknowledged one. */
export const heartbeat = record({
  /** The agent's own clock: for showing its skew, never for deciding. */
  sentAt: u64,
  /** Seconds since the agent's process started, monotonic. */
  uptimeS: u32,
  gauges,
  chainweb: oneOf('unknown', 'up', 'down', 'stopped'),
  /** Idle time after which the node's NAT was seen to drop a connection, seconds; 0 for not measured. */
  natIdleS: u16,
  /** Samples dropped from the metrics ring since the process started. */
  droppedSamples: u32,
  tips: list(tip, MAX_TIPS),
});
export type Heartbeat = Decoded<typeof heartbeat>;

export const tipReport = record({ tips: list(tip, MAX_TIPS) });

/** Samples of the time without a session; answered by nothing. */
export const metricsBatch = record({ samples: list(record({ at: u64, gauges }), 240), dropped: u32 });
export type MetricsBatch = Decoded<typeof metricsBatch>;
