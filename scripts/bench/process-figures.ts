import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** MB = 10^6 bytes, from /proc: private is what no file backs. */
export async function memoryOf(pid: number): Promise<{ residentMb: number; privateMb: number }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const mb = (name: string) =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]) * 1024) / 1e6;
  return { residentMb: mb('VmRSS'), privateMb: mb('RssAnon') };
}

/** User and system time of a process, from /proc, in milliseconds (100 ticks a second on Linux). */
export function cpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** The same by the scheduler, to the nanosecond, of a process whose threads all still live: ticks miss what is over at once. */
export function exactCpuMsOf(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`);
  const spent = threads.map((id) => readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]);
  return spent.reduce((sum, ns) => sum + Number(ns) / 1e6, 0);
}

/** Of the processes that it started and whose end it has seen, in milliseconds (100 ticks a second). */
export function reapedCpuMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}

/** Processes that it has started and that still run. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter(Boolean)
    .map(Number);
}
