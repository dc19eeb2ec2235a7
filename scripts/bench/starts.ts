import { execFile } from 'node:child_process';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const TURNS = 5;

/** A start as far as it is measured, and what ends it. */
export interface Started {
  readonly ms: number;
  /** Of the process by then. */
  readonly cpuMs: number;
  stop(): Promise<void>;
}

export interface StartFigures {
  /** Nothing of the program's file is in memory, as after a boot. */
  readonly coldMs: number;
  readonly warmMs: number;
  readonly warmCpuMs: number;
}

export interface Starter {
  readonly program: string;
  start(program: string): Promise<Started>;
}

/** Medians of each, in turns, so that what else the machine does falls on all of them. */
export async function measureStarts(
  dir: string,
  starters: readonly Starter[],
): Promise<readonly StartFigures[]> {
  const seen = starters.map(() => ({ cold: [] as number[], warm: [] as number[], cpu: [] as number[] }));
  for (let turn = 0; turn < TURNS; turn += 1)
    for (const [index, { program, start }] of starters.entries()) {
      const { cold, warm, cpu } = seen[index]!;
      const copy = join(dir, `start-${index}-${turn}`);
      await copyFile(program, copy);
      await leaveCache(copy);
      const first = await start(copy);
      cold.push(first.ms);
      await first.stop();
      const second = await start(copy);
      warm.push(second.ms);
      cpu.push(second.cpuMs);
      await second.stop();
      await rm(copy);
    }
  return seen.map(({ cold, warm, cpu }) => ({
    coldMs: median(cold),
    warmMs: median(warm),
    warmCpuMs: median(cpu),
  }));
}

/** Nothing of the file is in memory then, as after a boot; for a file that no process runs. */
export async function leaveCache(path: string): Promise<void> {
  await promisify(execFile)('sync', [path]);
  await promisify(execFile)('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
