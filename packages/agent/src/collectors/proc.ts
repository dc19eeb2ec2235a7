import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Files of procfs, below a root that tests put elsewhere. Reading is synchronous where the kernel answers from memory:
 * ten microseconds, a quarter of a trip through the thread pool. Whatever is gone or forbidden reads as undefined,
 * since processes end while they are looked at.
 */
export interface Proc {
  read(path: string): string | undefined;
  /** For files of a process that wait for its memory lock: a process stuck in the kernel would hang the reader too. */
  readSlow(path: string, signal: AbortSignal): Promise<string | undefined>;
  pids(): number[];
}

export function openProc(root = '/proc'): Proc {
  return {
    read: (path) => {
      try {
        return readFileSync(join(root, path), 'utf8');
      } catch (error) {
        return absent(error);
      }
    },
    readSlow: async (path, signal) => {
      try {
        return await readFile(join(root, path), { encoding: 'utf8', signal });
      } catch (error) {
        return absent(error);
      }
    },
    pids: () =>
      readdirSync(root)
        .filter((name) => /^\d+$/.test(name))
        .map(Number),
  };
}

const ABSENT = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM', 'ENOTDIR', 'EINVAL']);

function absent(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && ABSENT.has(String(error.code))) return undefined;
  throw error;
}

/** Linux counts CPU time for user space in hundredths of a second on every architecture. */
export const TICK_MS = 10;

export interface ProcessStat {
  readonly parent: number;
  readonly state: string;
  readonly cpuMs: number;
  /** Since the boot of the machine. With the pid it names a process for good. */
  readonly startedMs: number;
}

/** `/proc/PID/stat`; the second field is a name that may hold spaces and parentheses. */
export function parseStat(text: string): ProcessStat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [parent, userTicks, systemTicks, startTicks] = [fields[1], fields[11], fields[12], fields[19]].map(
    Number,
  );
  if (parent === undefined || userTicks === undefined || systemTicks === undefined) return undefined;
  if (startTicks === undefined || !Number.isFinite(startTicks)) return undefined;
  return {
    parent,
    state: fields[0] ?? '?',
    cpuMs: (userTicks + systemTicks) * TICK_MS,
    startedMs: startTicks * TICK_MS,
  };
}

/** `Name:   123 kB` lines of meminfo and status, in bytes. */
export function bytesOf(text: string | undefined, name: string): number | undefined {
  const kilobytes = text && new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return kilobytes ? Number(kilobytes) * 1024 : undefined;
}
