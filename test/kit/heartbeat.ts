import type { Heartbeat } from '@stoa/protocol';

/** A heartbeat of a node of which there is nothing to tell. */
export function quietHeartbeat(change: Partial<Heartbeat> = {}): Heartbeat {
  return {
    sentAt: Date.now(),
    uptimeS: 1,
    gauges: {
      cpuPermille: 250,
      loadCenti: 110,
      memUsedMb: 1_000,
      memTotalMb: 4_000,
      diskFreeMb: 50_000,
      diskTotalMb: 100_000,
      rxKbps: 10,
      txKbps: 20,
      peers: 7,
      rttMs: 12,
    },
    chainweb: 'up',
    natIdleS: 0,
    droppedSamples: 0,
    tips: [],
    ...change,
  };
}
