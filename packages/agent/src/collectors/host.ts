import type { Clock } from '#clock.ts';
import type { Collector } from '#collectors/collector.ts';
import { bytesOf, type Proc } from '#collectors/proc.ts';

/** Counters run since boot; rates are over the time since the run before and undefined in the first one. */
export interface HostSample {
  readonly cpuCount: number;
  /** In use, of all cores together. */
  readonly cpuPermille: number | undefined;
  /** Averages over 1, 5 and 15 min. */
  readonly load: readonly [number, number, number];
  readonly memoryTotalBytes: number;
  /** What new programs could take without swapping. */
  readonly memoryAvailableBytes: number;
  readonly swapTotalBytes: number;
  readonly swapFreeBytes: number;
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly rxBytesPerSecond: number | undefined;
  readonly txBytesPerSecond: number | undefined;
  readonly diskReadBytes: number;
  readonly diskWrittenBytes: number;
  readonly uptimeMs: number;
}

const PERIOD_MS = 15_000;
const TIMEOUT_MS = 2000;

interface Counters {
  readonly at: number;
  readonly busyTicks: number;
  readonly totalTicks: number;
  readonly rxBytes: number;
  readonly txBytes: number;
}

/** Under a millisecond a run: files of procfs only. */
export function hostCollector({ clock, proc }: { clock: Clock; proc: Proc }): Collector<HostSample> {
  let last: Counters | undefined;
  return {
    name: 'host',
    periodMs: () => PERIOD_MS,
    timeoutMs: TIMEOUT_MS,
    async collect() {
      const stat = proc.read('stat') ?? '';
      const now = { at: clock.monotonic(), ...cpuTicks(stat), ...networkBytes(proc.read('net/dev') ?? '') };
      const before = last;
      last = now;
      return { ...steadyFigures(proc, stat), ...rates(before, now) };
    },
  };
}

function steadyFigures(proc: Proc, stat: string) {
  const meminfo = proc.read('meminfo');
  const [one = 0, five = 0, fifteen = 0] = (proc.read('loadavg') ?? '').split(' ').map(Number);
  return {
    cpuCount: stat.match(/^cpu\d+ /gm)?.length ?? 0,
    load: [one, five, fifteen] as const,
    memoryTotalBytes: bytesOf(meminfo, 'MemTotal') ?? 0,
    memoryAvailableBytes: bytesOf(meminfo, 'MemAvailable') ?? 0,
    swapTotalBytes: bytesOf(meminfo, 'SwapTotal') ?? 0,
    swapFreeBytes: bytesOf(meminfo, 'SwapFree') ?? 0,
    uptimeMs: Number.parseFloat(proc.read('uptime') ?? '0') * 1000,
    ...diskBytes(proc.read('diskstats') ?? ''),
  };
}

function rates(before: Counters | undefined, now: Counters) {
  const seconds = before ? (now.at - before.at) / 1000 : 0;
  const perSecond = (name: 'rxBytes' | 'txBytes') =>
    before && seconds > 0 ? Math.max(0, Math.round((now[name] - before[name]) / seconds)) : undefined;
  const ticks = before ? now.totalTicks - before.totalTicks : 0;
  return {
    cpuPermille:
      before && ticks > 0 ? Math.round((1000 * (now.busyTicks - before.busyTicks)) / ticks) : undefined,
    rxBytes: now.rxBytes,
    txBytes: now.txBytes,
    rxBytesPerSecond: perSecond('rxBytes'),
    txBytesPerSecond: perSecond('txBytes'),
  };
}

/** user nice system idle iowait irq softirq steal; guest time is part of user time already. */
function cpuTicks(stat: string): Pick<Counters, 'busyTicks' | 'totalTicks'> {
  const ticks = (/^cpu +(.+)$/m.exec(stat)?.[1] ?? '').split(' ').slice(0, 8).map(Number);
  const totalTicks = ticks.reduce((sum, each) => sum + each, 0);
  return { totalTicks, busyTicks: totalTicks - (ticks[3] ?? 0) - (ticks[4] ?? 0) };
}

/** Traffic of containers and bridges passes a real interface too, and would count twice. */
const VIRTUAL_INTERFACE = /^(lo|veth|docker|br-|virbr|cni|flannel|cali|dummy|tap)/;

function networkBytes(text: string): Pick<Counters, 'rxBytes' | 'txBytes'> {
  let [rxBytes, txBytes] = [0, 0];
  for (const line of text.split('\n')) {
    const [, name, figures] = /^\s*([^:\s]+):\s*(.+)$/.exec(line) ?? [];
    if (name === undefined || figures === undefined || VIRTUAL_INTERFACE.test(name)) continue;
    const columns = figures.split(/\s+/).map(Number);
    rxBytes += columns[0] ?? 0;
    txBytes += columns[8] ?? 0;
  }
  return { rxBytes, txBytes };
}

/** Whole devices only: partitions, loops, and stacked ones (dm, md) would count twice. */
const WHOLE_DISK = /^(sd[a-z]+|vd[a-z]+|xvd[a-z]+|nvme\d+n\d+|mmcblk\d+)$/;
const SECTOR_BYTES = 512;

function diskBytes(text: string) {
  let [diskReadBytes, diskWrittenBytes] = [0, 0];
  for (const line of text.split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (!WHOLE_DISK.test(columns[2] ?? '')) continue;
    diskReadBytes += Number(columns[5]) * SECTOR_BYTES;
    diskWrittenBytes += Number(columns[9]) * SECTOR_BYTES;
  }
  return { diskReadBytes, diskWrittenBytes };
}
