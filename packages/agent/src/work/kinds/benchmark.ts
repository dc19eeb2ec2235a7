import { join } from 'node:path';
import { toHex } from '@stoa/protocol';
import type { WorkPart } from '@stoa/protocol/stoicism';
import { hostCollector } from '#collectors/host.ts';
import { DiskError } from '#disk.ts';
import type { JobHandler, RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { type DriveFigures, measureDrive } from '#work/kinds/measure/drive.ts';
import { hardwareOf } from '#work/kinds/measure/hardware.ts';
import { measureNetwork } from '#work/kinds/measure/network.ts';
import { measureProven } from '#work/kinds/measure/proven.ts';
import { fioDrive, perfIpc } from '#work/kinds/measure/tools.ts';
import { withNodeStopped } from '#work/kinds/node-stopped.ts';

const TEST_FILE = '.stoa-benchmark';
const MARGIN_BYTES = 1e9;

export interface BenchmarkOptions {
  /** Of each single measure; all of a node take about twenty times that. */
  readonly seconds: number;
}

/** Single threads, each from a nonce of the hub's on, and by what name the figure is reported. */
const PROVEN = {
  cpuSingle: 'cpuSingle',
  blake2s: 'blake2sMbPerSecond',
  secp256k1: 'secp256k1PerSecond',
  ed25519: 'ed25519PerSecond',
  pactProxy: 'pactProxyPerSecond',
  hashVerify: 'hashVerifyPerSecond',
  memorySpeed: 'memoryMbPerSecond',
} as const satisfies Partial<Record<WorkPart, string>>;

/** Each part that can't be measured is left out: by the rules it then credits nothing. */
export function benchmarkNode(
  deps: KindDeps,
  { seconds, megabytes }: BenchmarkOptions & { megabytes: number },
): JobHandler {
  return {
    async run(job) {
      const host = await hostCollector(deps).collect(job.signal);
      const hw = await hardwareOf(deps, job.signal);
      job.progress(5, 'network');
      const network = await measureNetwork(deps, await deps.hub(), job.signal);
      return withNodeStopped(deps, job, async () => {
        job.progress(20, 'all threads');
        const threads = Math.max(1, host.cpuCount);
        const cpuMulti = await measureProven(deps, job, { part: 'cpuMulti', seconds, threads });
        const proven: Record<string, number> = {};
        for (const [index, part] of Object.keys(PROVEN).entries()) {
          job.progress(30 + 5 * index, part);
          const share = part === 'cpuSingle' ? seconds : seconds / 2;
          const by = { part: part as keyof typeof PROVEN, seconds: share, threads: 1 };
          proven[PROVEN[by.part]] = await measureProven(deps, job, by);
        }
        const ipc = await perfIpc(deps.commands, seconds / 4, job.signal);
        job.progress(75, 'drive');
        const drive = await driveFigures(deps, job, { megabytes, seconds });
        return {
          report: rounded({
            cpuMulti,
            ...proven,
            ...(ipc !== undefined && { ipc }),
            memoryMb: host.memoryTotalBytes / 1e6,
            ...drive,
            ...network,
            cpus: host.cpuCount,
            hw,
            committedGb: deps.config.committedGb,
          }),
        };
      });
    },
  };
}

export function driveBenchmark(deps: KindDeps, { seconds }: BenchmarkOptions): JobHandler {
  return {
    async run(job) {
      const megabytes = Number(job.params['megabytes']);
      const figures = await driveFigures(deps, job, { megabytes, seconds });
      return { report: rounded({ ...figures, megabytes }) };
    },
  };
}

/** By fio where it is installed, else by the agent's own reads and writes. */
async function driveFigures(
  deps: KindDeps,
  job: RunningJob,
  { megabytes, seconds }: { megabytes: number; seconds: number },
): Promise<DriveFigures & { tool: string }> {
  const { disk, config, random, clock, commands } = deps;
  const path = join(config.committedPath, `${TEST_FILE}-${toHex(job.lease.jobId).slice(0, 8)}`);
  await removeLeftovers(deps);
  const { freeBytes } = await disk.space(config.committedPath);
  if (freeBytes < megabytes * 1048576 + MARGIN_BYTES)
    throw new JobError(
      'no_space',
      `${config.committedPath} has ${Math.floor(freeBytes / 1e6)} MB free: too little for ${megabytes} MB`,
    );
  const onPhase = (phase: string): void => job.progress(undefined, phase);
  try {
    const own = await measureDrive({
      path,
      megabytes,
      seconds,
      random,
      now: () => clock.monotonic(),
      signal: job.signal,
      onPhase,
    });
    onPhase('fio');
    const fio = await fioDrive(
      commands,
      { path, megabytes, seconds: Math.max(1, Math.round(seconds / 2)) },
      job.signal,
    );
    return fio ? { ...fio, tool: 'fio' } : { ...own, tool: 'own' };
  } catch (error) {
    if (error instanceof DiskError && error.code === 'disk_denied')
      throw new JobError(
        'path_denied',
        `the agent may not write to ${config.committedPath}: give its user a directory there, and name it in --committed-path and in ReadWritePaths of the unit`,
        error,
      );
    throw error;
  } finally {
    await disk.remove(path);
  }
}

/** Of a run that the machine's end cut off. */
async function removeLeftovers({ disk, config }: KindDeps): Promise<void> {
  for (const name of await disk.list(config.committedPath))
    if (name.startsWith(`${TEST_FILE}-`)) await disk.remove(join(config.committedPath, name));
}

function rounded(figures: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(figures)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, typeof value === 'number' ? Math.round(value * 1000) / 1000 : value]),
  );
}
