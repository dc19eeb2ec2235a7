import type { Proc } from '@stoa/agent';
import type { HostFigures, SimulatedHost } from './host.ts';

/** The one process of a simulated host that its agent looks for. */
export interface SimulatedProcess {
  readonly pid: number;
  readonly argv: readonly string[];
  /** Line of /proc/PID/cgroup: how it is supervised. */
  readonly cgroup: string;
  readonly rssBytes: number;
  /** After the boot of the machine, ms. */
  readonly startedMs: number;
}

export interface ProcSource {
  readonly host: SimulatedHost;
  /** Undefined while chainweb does not run. */
  process(): SimulatedProcess | undefined;
  /** Pending while what needs the process's memory lock does not return, as for a process stuck in the kernel (F29). */
  stuck(): Promise<void> | undefined;
}

/** /proc of a simulated host, as text: the agent's own parsers read it. */
export function simulatedProc(source: ProcSource): Proc {
  const { host } = source;
  return {
    read: (path) => hostFile(path, host) ?? processFile(path, source.process()),
    readSlow: async (path) => {
      await source.stuck();
      return processFile(path, source.process());
    },
    pids: () => {
      const process = source.process();
      return process === undefined ? [] : [process.pid];
    },
  };
}

const ticks = (ms: number) => Math.floor(ms / 10);
const kilobytes = (bytes: number) => Math.floor(bytes / 1024);

function hostFile(path: string, host: SimulatedHost): string | undefined {
  switch (path) {
    case 'stat':
      return statFile(host, host.figures());
    case 'uptime':
      return `${(host.figures().uptimeMs / 1000).toFixed(2)} 0.00\n`;
    case 'loadavg': {
      const load = host.figures().load.toFixed(2);
      return `${load} ${load} ${load} 1/200 4711\n`;
    }
    case 'meminfo':
      return `MemTotal:       ${kilobytes(host.memoryTotalBytes)} kB\nMemAvailable:   ${kilobytes(host.figures().memoryAvailableBytes)} kB\nSwapTotal:      0 kB\nSwapFree:       0 kB\n`;
    case 'net/dev': {
      const { rxBytes, txBytes } = host.figures();
      return `Inter-| Receive | Transmit\n  eth0: ${Math.floor(rxBytes)} 0 0 0 0 0 0 0 ${Math.floor(txBytes)} 0 0 0 0 0 0 0\n`;
    }
    case 'diskstats':
      return '   8       0 sda 0 0 0 0 0 0 0 0 0 0 0\n';
    default:
      return undefined;
  }
}

function statFile(host: SimulatedHost, figures: HostFigures): string {
  const line = (name: string, share: number) =>
    `${name} ${ticks(figures.busyMs * share)} 0 0 ${ticks(figures.idleMs * share)} 0 0 0 0 0 0\n`;
  const cores = Array.from({ length: host.cores }, (_, core) => line(`cpu${core}`, 1 / host.cores));
  return `${line('cpu ', 1)}${cores.join('')}btime ${host.bootedAt / 1000}\n`;
}

function processFile(path: string, process: SimulatedProcess | undefined): string | undefined {
  if (process === undefined || !path.startsWith(`${process.pid}/`)) return undefined;
  switch (path.slice(`${process.pid}/`.length)) {
    case 'comm':
      return 'chainweb-node\n';
    case 'cmdline':
      return process.argv.map((argument) => `${argument}\0`).join('');
    case 'stat':
      return `${process.pid} (chainweb-node) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 9 0 ${ticks(process.startedMs)} 1 1 0\n`;
    case 'status':
      return `Name:\tchainweb-node\nVmRSS:\t${kilobytes(process.rssBytes)} kB\n`;
    case 'cgroup':
      return `${process.cgroup}\n`;
    default:
      return undefined;
  }
}
