import type { Argv, CommandError, Commands } from '#work/commands.ts';
import type { DriveFigures } from '#work/kinds/measure/drive.ts';

const TOOL_MS = 5 * 60_000;

/** Standard output of a tool; undefined where it is not installed or fails: then the agent's own measure counts. */
async function outputOf(commands: Commands, argv: Argv, signal: AbortSignal): Promise<string[] | undefined> {
  const lines: string[] = [];
  try {
    const onLine = (line: string): void => void lines.push(line);
    const { exitCode } = await commands.run({ argv, timeoutMs: TOOL_MS, signal, onLine });
    return exitCode === 0 ? lines : undefined;
  } catch (error) {
    if ((error as CommandError).code === 'command_missing') return undefined;
    throw error;
  }
}

interface FioSide {
  readonly iops: number;
  /** Bytes a second. */
  readonly bw_bytes: number;
}

/** `fio` with direct transfers, 4 KiB at random and 1 MiB in order. */
export async function fioDrive(
  commands: Commands,
  { path, megabytes, seconds }: { path: string; megabytes: number; seconds: number },
  signal: AbortSignal,
): Promise<DriveFigures | undefined> {
  const run = async (rw: string, block: string): Promise<{ read: FioSide; write: FioSide } | undefined> => {
    const what = [
      `--name=${rw}`,
      `--filename=${path}`,
      `--rw=${rw}`,
      `--bs=${block}`,
      `--size=${megabytes}M`,
    ];
    const how = [
      '--direct=1',
      '--ioengine=psync',
      '--numjobs=1',
      '--time_based',
      `--runtime=${seconds}`,
      '--output-format=json',
    ];
    const lines = await outputOf(commands, ['fio', ...what, ...how], signal);
    if (lines === undefined) return undefined;
    const text = lines.join('\n');
    // A note may stand before the JSON.
    const { jobs } = JSON.parse(text.slice(text.indexOf('{'))) as {
      jobs: { read: FioSide; write: FioSide }[];
    };
    return jobs[0];
  };
  const sequentialWrite = await run('write', '1M');
  const randomRead = await run('randread', '4k');
  const randomWrite = await run('randwrite', '4k');
  const sequentialRead = await run('read', '1M');
  if (!sequentialWrite || !randomRead || !randomWrite || !sequentialRead) return undefined;
  return {
    randomReadIops: randomRead.read.iops,
    randomWriteIops: randomWrite.write.iops,
    sequentialReadMbPerSecond: sequentialRead.read.bw_bytes / 1e6,
    sequentialWriteMbPerSecond: sequentialWrite.write.bw_bytes / 1e6,
    direct: true,
  };
}

/** Instructions a cycle by `perf stat`, under the load of one thread. */
export async function perfIpc(
  commands: Commands,
  seconds: number,
  signal: AbortSignal,
): Promise<number | undefined> {
  const load = ['sysbench', 'cpu', '--threads=1', `--time=${seconds}`, 'run'];
  const argv: Argv = ['perf', 'stat', '-x,', '-e', 'instructions,cycles', '--', ...load];
  const lines = await outputOf(commands, argv, signal);
  const count = (event: string): number =>
    Number(
      lines?.map((line) => line.split(',')).find((fields) => fields[2]?.startsWith(event))?.[0] ?? Number.NaN,
    );
  const ipc = count('instructions') / count('cycles');
  return Number.isFinite(ipc) ? ipc : undefined;
}
