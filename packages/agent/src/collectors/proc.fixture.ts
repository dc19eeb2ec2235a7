import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openProc, type Proc } from '#collectors/proc.ts';

export interface ProcessFixture {
  comm: string;
  argv?: readonly string[];
  parent?: number;
  state?: string;
  /** Ticks of 10 ms. */
  cpuTicks?: number;
  startTicks?: number;
  cgroup?: string;
  rssKb?: number;
  uid?: number;
}

export interface ProcFixture {
  proc: Proc;
  root: string;
  write(path: string, text: string): void;
  addProcess(pid: number, process: ProcessFixture): void;
  remove(path: string): void;
}

/** A directory that looks like /proc of a machine that has been up for 10,000 s; removed after the test. */
export function makeProc(files: Readonly<Record<string, string>> = {}): ProcFixture {
  const root = mkdtempSync(join(tmpdir(), 'stoa-proc-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const write = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const defaults = { uptime: '10000.00 19000.00\n', stat: `${CPU}btime 1764000000\nprocesses 100\n` };
  for (const [path, text] of Object.entries({ ...defaults, ...files })) write(path, text);
  return {
    proc: openProc(root),
    root,
    write,
    addProcess: (pid, process) => {
      for (const [name, text] of Object.entries(processFiles(pid, process))) write(`${pid}/${name}`, text);
    },
    remove: (path) => rmSync(join(root, path), { recursive: true }),
  };
}

const CPU = 'cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 50 0 25 400 25 0 0 0 0 0\ncpu1 50 0 25 400 25 0 0 0 0 0\n';

function processFiles(pid: number, given: ProcessFixture): Record<string, string> {
  const {
    comm,
    argv = [comm],
    parent = 1,
    state = 'S',
    cpuTicks = 0,
    startTicks = 100_000,
    rssKb = 1,
    uid = 0,
  } = given;
  const beforeTimes = `${state} ${parent} ${pid} ${pid} 0 -1 4194304 1 0 0 0`;
  return {
    comm: `${comm}\n`,
    cmdline: argv.map((argument) => `${argument}\0`).join(''),
    stat: `${pid} (${comm}) ${beforeTimes} ${cpuTicks} 0 0 0 20 0 9 0 ${startTicks} 1 1 18446744073709551615\n`,
    status: `Name:\t${comm}\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\nVmPeak:\t 9999999 kB\nVmRSS:\t ${rssKb} kB\n`,
    cgroup: given.cgroup ?? '0::/init.scope\n',
  };
}
