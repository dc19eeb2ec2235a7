import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const TICK_MS = 1_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));

interface Stat {
  readonly parent: number;
  /** Clock ticks in user and kernel. */
  readonly own: number;
  /** Of children that have ended. */
  readonly reaped: number;
}

/** CPU time so far, ms, of the embedded server in `dataDir` and all of its processes. */
export function databaseCpuMs(dataDir: string): number {
  const [pid] = readFileSync(join(dataDir, 'cluster/postmaster.pid'), 'utf8').split('\n');
  const server = Number(pid);
  const stats = readdirSync('/proc').flatMap((name) => {
    const stat = /^\d+$/.test(name) ? statOf(name) : undefined;
    return stat !== undefined && (stat.parent === server || Number(name) === server) ? [stat] : [];
  });
  return stats.reduce((sum, { own, reaped }) => sum + (own + reaped) * TICK_MS, 0);
}

function statOf(pid: string): Stat | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number);
    const [parent, user, kernel, reapedUser, reapedKernel] = [1, 11, 12, 13, 14].map(
      (place) => fields[place]!,
    );
    return { parent: parent!, own: user! + kernel!, reaped: reapedUser! + reapedKernel! };
  } catch {
    // It ended while it was looked at.
    return undefined;
  }
}
