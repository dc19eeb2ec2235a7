/**
 * Frame types. 1 to 63 go from agent to hub, 64 to 127 from hub to agent; a number is never used again for another
 * meaning. Work (jobs, leases, logs, packages) takes 32 to 47 and 96 to 111, updates 48 to 51 and 112 to 115.
 */
export const FRAME = {
  hello: 1,
  heartbeat: 2,
  ping: 3,
  tipReport: 4,
  agentDescription: 5,
  componentHealth: 6,
  effectiveConfig: 7,
  metricsBatch: 8,
  headerReply: 9,
  checkpoint: 10,
  keyRotate: 11,
  disconnect: 12,
  ratchetStored: 13,
  dialBackResult: 14,
  receiptsWanted: 15,
  auditResponse: 16,

  leaseRequest: 32,
  jobAck: 33,
  leaseRenew: 34,
  logChunk: 35,
  jobResult: 36,
  cancelAck: 37,
  workPolicy: 38,

  updateStatus: 48,

  challenge: 64,
  welcome: 65,
  heartbeatAck: 66,
  pong: 67,
  headerRequest: 68,
  reportFullState: 69,
  receipt: 70,
  throttle: 71,
  goAway: 72,
  refuse: 73,
  revoke: 74,
  error: 75,
  keyAccepted: 76,
  ownerKeyChange: 77,
  dialBack: 78,
  settledReceipt: 79,
  auditChallenge: 80,

  job: 96,
  leaseRenewed: 97,
  credit: 98,
  cancelJob: 99,
  jobReceipt: 100,

  updateAssignment: 112,
} as const;

export type FrameName = keyof typeof FRAME;
