import { join } from 'node:path';
import { toHex } from '@stoa/protocol';
import { CONTENT_PART, type WorkPart } from '@stoa/protocol/stoicism';
import { hostCollector } from '#collectors/host.ts';
import { DiskError } from '#disk.ts';
import type { JobHandler, RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { type DriveLoad, type DriveProof, measureDrive } from '#work/kinds/measure/drive.ts';
import { hardwareOf } from '#work/kinds/measure/hardware.ts';
import { measureNetwork } from '#work/kinds/measure/network.ts';
import { beginWork, measureProven, sayWork } from '#work/kinds/measure/proven.ts';
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
} as const satisfies Partial<Record<Exclude<WorkPart, 'randomRead'>, string>>;

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
        const drive = await withTestFile(deps, job, megabytes, (path) => {
          const load = driveLoad(deps, job, { path, megabytes, seconds });
          return measureDrive({ ...load, proof: provenDrive(deps, job) });
        });
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

/** By fio where it is installed, else by the agent's own reads and writes. */
export function driveBenchmark(deps: KindDeps, { seconds }: BenchmarkOptions): JobHandler {
  return {
    async run(job) {
      const megabytes = Number(job.params['megabytes']);
      const figures = await withTestFile(deps, job, megabytes, async (path) => {
        const own = await measureDrive(driveLoad(deps, job, { path, megabytes, seconds }));
        job.progress(undefined, 'fio');
        const load = { path, megabytes, seconds: Math.max(1, Math.round(seconds / 2)) };
        const fio = await fioDrive(deps.commands, load, job.signal);
        return fio ? { ...fio, tool: 'fio' } : { ...own, tool: 'own' };
      });
      return { report: rounded({ ...figures, megabytes }) };
    },
  };
}

function driveLoad(
  { random, clock }: KindDeps,
  job: RunningJob,
  by: { readonly path: string; readonly megabytes: number; readonly seconds: number },
): DriveLoad {
  return {
    ...by,
    random,
    now: () => clock.monotonic(),
    signal: job.signal,
    onPhase: (phase) => job.progress(undefined, phase),
    proof: {
      content: async () => random(32),
      begin: async () => random(32),
      end: async () => undefined,
    },
  };
}

/** The content of the file comes from the hub, and its random reads begin with a nonce of its. */
function provenDrive(deps: KindDeps, job: RunningJob): DriveProof {
  return {
    content: (blocks) => beginWork(deps, job, { part: CONTENT_PART, blocks }),
    begin: (blocks) => beginWork(deps, job, { part: 'randomRead', blocks }),
    async end(blocks, lanes) {
      await sayWork(deps, job, { part: 'randomRead', blocks, lanes });
    },
  };
}

/** A name on the committed path; whatever happens, nothing stays there. */
async function withTestFile<T>(
  deps: KindDeps,
  job: RunningJob,
  megabytes: number,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const { disk, config } = deps;
  const path = join(config.committedPath, `${TEST_FILE}-${toHex(job.lease.jobId).slice(0, 8)}`);
  await removeLeftovers(deps);
  const { freeBytes } = await disk.space(config.committedPath);
  if (freeBytes < megabytes * 1048576 + MARGIN_BYTES)
    throw new JobError(
      'no_space',
      `${config.committedPath} has ${Math.floor(freeBytes / 1e6)} MB free: too little for ${megabytes} MB`,
    );
  try {
    return await work(path);
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
