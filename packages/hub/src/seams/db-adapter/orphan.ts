import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DbLog } from './adapter.ts';
import { DataDirectoryInUseError } from './error.ts';

/** Fast shutdown writes a checkpoint; immediate leaves recovery to the next start. */
const PATIENCE: ReadonlyArray<{ signal: NodeJS.Signals; ms: number }> = [
  { signal: 'SIGINT', ms: 10_000 },
  { signal: 'SIGQUIT', ms: 5_000 },
  { signal: 'SIGKILL', ms: 2_000 },
];
const LOOK_AGAIN_MS = 20;

export interface ClusterPaths {
  /** Real path of PGDATA. */
  readonly cluster: string;
  readonly socketFile: string;
}

/**
 * Ends the server that a hub killed with -9 left running on this cluster, and removes its locks. Every PostgreSQL
 * process has the cluster as its working directory; backends can outlive their postmaster, so all of them must be gone
 * before a lock file may be touched. The caller holds the `DataDirectoryLock`.
 *
 * @throws {DataDirectoryInUseError} when a server that this process can't see (another container) still answers.
 */
export async function stopOrphan(paths: ClusterPaths, log: DbLog): Promise<void> {
  const orphans = await holders(paths.cluster);
  if (orphans.length > 0) {
    log.warn(
      { pids: orphans, cluster: paths.cluster },
      'stopping the database server that a killed hub left behind',
    );
    await endAll(paths.cluster);
  }
  if (await answers(paths.socketFile)) {
    throw new DataDirectoryInUseError(paths.cluster, 'a database server outside this container');
  }
  for (const lock of [join(paths.cluster, 'postmaster.pid'), `${paths.socketFile}.lock`, paths.socketFile]) {
    await rm(lock, { force: true });
  }
}

async function endAll(cluster: string): Promise<void> {
  for (const { signal, ms } of PATIENCE) {
    const left = await holders(cluster);
    const postmaster = await postmasterOf(cluster);
    // A backend without its postmaster ends by itself, sooner when told.
    for (const pid of left)
      if (signal === 'SIGKILL' || pid === postmaster || postmaster === undefined) signalTo(pid, signal);
    for (const until = performance.now() + ms; performance.now() < until; await sleep(LOOK_AGAIN_MS)) {
      if ((await holders(cluster)).length === 0) return;
    }
  }
  const stuck = await holders(cluster);
  if (stuck.length > 0)
    throw new DataDirectoryInUseError(cluster, `processes ${stuck.join(', ')}, which can't be ended`);
}

/** The postmaster only if the pid file's process really works in this cluster: pids are used again. */
async function postmasterOf(cluster: string): Promise<number | undefined> {
  const text = await readFile(join(cluster, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  return (await holders(cluster)).includes(pid) ? pid : undefined;
}

async function holders(cluster: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  // A shell may stand in the directory too, so the program counts as well.
  const holds = await Promise.all(
    pids.map(
      async (pid) =>
        (await link(`/proc/${pid}/cwd`)) === cluster &&
        /\/postgres( \(deleted\))?$/.test(await link(`/proc/${pid}/exe`)),
    ),
  );
  return pids.filter((_, index) => holds[index]).map(Number);
}

/** Another user's process is unreadable, and so is a zombie: neither is a server of ours. */
function link(path: string): Promise<string> {
  return readlink(path).catch(() => '');
}

function signalTo(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

function answers(socketFile: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path: socketFile });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
