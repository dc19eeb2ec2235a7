import { join } from 'node:path';
import { toHex } from '@stoa/protocol';
import { hostCollector } from '#collectors/host.ts';
import { DiskError } from '#disk.ts';
import type { JobHandler, RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { measureCpu } from '#work/kinds/measure/cpu.ts';
import { measureCrypto } from '#work/kinds/measure/crypto.ts';
import { type DriveFigures, measureDrive } from '#work/kinds/measure/drive.ts';
import { measureMemory } from '#work/kinds/measure/memory.ts';
import { measureNetwork } from '#work/kinds/measure/network.ts';
import { fioDrive, perfIpc, sysbenchCpu, sysbenchMemory } from '#work/kinds/measure/tools.ts';
import { withNodeStopped } from '#work/kinds/node-stopped.ts';

const TEST_FILE = '.stoa-benchmark';
const MARGIN_BYTES = 1e9;

export interface BenchmarkOptions {
  /** Of each single measure; all of a node take about twenty times that. */
  readonly seconds: number;
}

/** Each part that can't be measured is left out: by the rules it then credits nothing. */
export function benchmarkNode(
  deps: KindDeps,
  { seconds, megabytes }: BenchmarkOptions & { megabytes: number },
): JobHandler {
  return {
    async run(job) {
      const host = await hostCollector(deps).collect(job.signal);
      job.progress(5, 'network');
      const network = await measureNetwork(deps, await deps.hub(), job.signal);
      return withNodeStopped(deps, job, async () => {
        const threads = Math.max(1, host.cpuCount);
        const by = { commands: deps.commands, signal: job.signal };
        const whole = Math.max(1, Math.round(seconds));
        job.progress(20, 'processor');
        const own = await measureCpu({ seconds, threads }, job.signal);
        const single =
          (await sysbenchCpu(by.commands, { threads: 1, seconds: whole }, by.signal)) ?? own.singleEvents;
        const multi =
          (await sysbenchCpu(by.commands, { threads, seconds: whole }, by.signal)) ?? own.multiEvents;
        job.progress(40, 'cryptography');
        const crypto = await measureCrypto(seconds / 4, job.signal);
        job.progress(60, 'memory');
        const memory =
          (await sysbenchMemory(by.commands, whole, by.signal)) ?? (await measureMemory(seconds, by.signal));
        const ipc = await perfIpc(by.commands, seconds / 4, by.signal);
        job.progress(75, 'drive');
        const drive = await driveFigures(deps, job, { megabytes, seconds });
        return {
          report: rounded({
            cpuSingle: single,
            cpuMulti: multi,
            ownCpuSingle: own.singleEvents,
            ownCpuMulti: own.multiEvents,
            ...(ipc !== undefined && { ipc }),
            ...crypto,
            memoryMb: host.memoryTotalBytes / 1e6,
            memoryMbPerSecond: memory,
            ...drive,
            ...network,
            cpus: host.cpuCount,
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
