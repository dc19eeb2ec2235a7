import { askChainweb } from '#collectors/chainweb-info.ts';
import { hostCollector } from '#collectors/host.ts';
import type { JobHandler } from '#work/handler.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { findNode, nodeOf } from '#work/kinds/node-watch.ts';

const MB = 1e6;
const GB = 1e9;

/** What the host is: a machine without a chainweb-node is a finding, not a failure. */
export function systemProbe(deps: KindDeps): JobHandler {
  return {
    async run(job) {
      const { clock, proc, disk, config, hostFacts } = deps;
      const host = await hostCollector({ clock, proc }).collect(job.signal);
      const paths = [...new Set(['/', config.dataDir, config.committedPath])];
      const disks = await Promise.all(
        paths.map(async (path) => {
          const { totalBytes, freeBytes } = await disk.space(path);
          return { path: path.slice(0, 80), totalGb: round(totalBytes / GB), freeGb: round(freeBytes / GB) };
        }),
      );
      const processes = await findNode(deps, job.signal);
      const info = await askChainweb(nodeOf(deps), job.signal).catch(() => undefined);
      const { node } = processes;
      return {
        report: {
          os: hostFacts.distribution.slice(0, 60),
          kernel: hostFacts.kernel.slice(0, 60),
          arch: hostFacts.architecture,
          cpu: hostFacts.cpuModel.slice(0, 60),
          cpus: host.cpuCount,
          load: host.load,
          memoryMb: Math.round(host.memoryTotalBytes / MB),
          memoryFreeMb: Math.round(host.memoryAvailableBytes / MB),
          swapMb: Math.round(host.swapTotalBytes / MB),
          uptimeS: Math.round(host.uptimeMs / 1000),
          disks,
          nodes: processes.count,
          supervision: node?.supervision.kind ?? 'none',
          unit: node?.supervision.name.slice(0, 64) ?? '',
          chainweb: info?.service.ok ? info.service.value.version.slice(0, 20) : '',
          skewMs: info?.service.ok ? info.service.value.skewMs : undefined,
        },
      };
    },
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
