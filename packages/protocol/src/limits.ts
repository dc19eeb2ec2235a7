/** Every bound of the protocol, with its unit. Both sides check what they receive against these. */
export const LIMITS = {
  /** Bytes of any message before authentication. */
  preAuthBytes: 4 * 1024,
  /** Milliseconds from the accepted connection to a valid Hello. */
  handshakeMs: 5_000,
  /** Bytes of a whole frame, header and tag included. */
  frameBytes: 64 * 1024,
  /** Bytes of text of a log chunk. */
  logChunkBytes: 32 * 1024,
  /** Bytes of a job's log that a hub stores; the agent keeps no more either. */
  jobLogBytes: 5 * 1024 * 1024,
  /** Bytes of logs that one node may send a minute. */
  logBytesPerMinute: 1024 * 1024,
  /** Jobs in flight on a node. */
  mutatingSlots: 1,
  readSlots: 8,
  /** From a job sent to its acknowledgement. */
  jobAckMs: 10_000,
  /** From TERM to KILL. */
  cancelGraceMs: 10_000,
  /** A command runs this long at most; jobs that move a chain database as long as the second. */
  commandMs: 20 * 60_000,
  longJobMs: 12 * 60 * 60_000,
  /** Metrics batches that a node may send a minute. */
  metricsBatchesPerMinute: 2,
  /** Statuses of its updates that a node may send a minute: beyond them the hub hears the newest alone. */
  updateStatusesPerMinute: 20,
  /** What a security release's owners are given before it passes over their wishes, at the hub and on the node. */
  updateNoticeMs: 72 * 3_600_000,
  /** Headers unknown to the hub that one node may make it ask for, an hour. */
  unknownHeadersPerHour: 20,
  /** Longest delay that an agent accepts from a hub: before and after authentication. */
  hubDelayBeforeAuthMs: 10 * 60_000,
  hubDelayAfterAuthMs: 60 * 60_000,
  /** An instance certificate lives seven days at most. */
  instanceCertMs: 7 * 24 * 3_600_000,
  /** An order for work: nodes remember the orders that they obeyed for as long. */
  orderMs: 7 * 24 * 3_600_000,
  /** A certificate of an admin's key. */
  adminKeyMs: 30 * 24 * 3_600_000,
  /** The old node key stays valid this long after a rotation. */
  oldKeyMs: 72 * 3_600_000,
  /** A peer that is silent for this many ping intervals is dead (F06). */
  deadAfterPings: 2.5,
  /** Heartbeat interval bounds, by region load. */
  heartbeatMinMs: 15_000,
  heartbeatMaxMs: 45_000,
} as const;
