import { type Gauges, type Heartbeat, UNKNOWN_U16, UNKNOWN_U32 } from '@stoa/protocol';
import { fresh, type ReadingSource } from '#reports/readings.ts';

const MIB = 2 ** 20;
/** Two polls of the node's API. */
const ANSWERED_MS = 90_000;

function u16(value: number | undefined): number {
  return value === undefined ? UNKNOWN_U16 : Math.min(UNKNOWN_U16 - 1, Math.max(0, Math.round(value)));
}

function u32(value: number | undefined): number {
  return value === undefined ? UNKNOWN_U32 : Math.min(UNKNOWN_U32 - 1, Math.max(0, Math.round(value)));
}

export function gaugesOf(source: ReadingSource, rttMs: number | undefined): Gauges {
  const host = fresh(source, 'host');
  const space = fresh(source, 'commitment');
  const p2p = fresh(source, 'chainweb')?.p2p;
  const kbps = (bytes: number | undefined) => bytes && (bytes * 8) / 1000;
  return {
    cpuPermille: u16(host?.cpuPermille),
    loadCenti: u16(host && host.load[0] * 100),
    memUsedMb: u32(host && (host.memoryTotalBytes - host.memoryAvailableBytes) / MIB),
    memTotalMb: u32(host && host.memoryTotalBytes / MIB),
    diskFreeMb: u32(space && space.freeBytes / MIB),
    diskTotalMb: u32(space && space.totalBytes / MIB),
    rxKbps: u32(kbps(host?.rxBytesPerSecond)),
    txKbps: u32(kbps(host?.txBytesPerSecond)),
    peers: u16(p2p?.ok ? p2p.value.peers : undefined),
    rttMs: u16(rttMs),
  };
}

/** up: its service API answers. stopped: it does not, and no process of it is there. */
export function chainwebState(source: ReadingSource): Heartbeat['chainweb'] {
  const [cut, chainweb] = [source.reading('cut'), source.reading('chainweb')];
  const service = fresh(source, 'chainweb', ANSWERED_MS)?.service;
  if (fresh(source, 'cut', ANSWERED_MS) !== undefined || service?.ok) return 'up';
  if (cut.error === undefined && chainweb.error === undefined && service === undefined) return 'unknown';
  const processes = fresh(source, 'process');
  const stopped = processes !== undefined && processes.node === undefined && processes.unreadable === 0;
  return stopped ? 'stopped' : 'down';
}
