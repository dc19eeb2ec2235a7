import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compress, patch } from '../agent-build/compression.ts';
import { exists } from '../agent-build/files.ts';
import { NODE_VERSION, nodeBase } from '../agent-build/node-base.ts';
import { HOST_PLATFORM, isPlatform } from '../agent-build/platform.ts';
import type { BenchOptions } from './result.ts';

const run = promisify(execFile);
/** The release of Node before the one in the binary. */
const EARLIER = '24.20.0';

/** Two releases of Node, stripped as for a binary, and what leads from one to the other. */
export interface NodeReleases {
  readonly from: string;
  readonly to: string;
  readonly patch: string;
  /** Of the newer one, packed as releases are. */
  readonly wholeBytes: number;
}

/** Fetched and packed once a machine: that takes minutes. */
export async function nodeReleases(say: BenchOptions['say']): Promise<NodeReleases> {
  if (!isPlatform(HOST_PLATFORM)) throw new Error(`no binary is made for ${HOST_PLATFORM}`);
  const cache = join(homedir(), '.cache/stoa-bench');
  await mkdir(cache, { recursive: true });
  const at = (name: string): string => join(cache, `${name}-${HOST_PLATFORM}`);
  const [from, patched, packed] = [
    at(`node-${EARLIER}`),
    at(`patch-${EARLIER}-${NODE_VERSION}`),
    `${at(`node-${NODE_VERSION}`)}.zst`,
  ];
  const { binary: to } = await nodeBase(HOST_PLATFORM, { say });
  await once(from, (path) => earlierNode(path, say));
  say(`patch Node ${EARLIER} to ${NODE_VERSION}, and pack the whole: minutes, the first time`);
  await once(patched, (out) => patch({ from, to, out }));
  await once(packed, (out) => compress(to, out));
  return { from, to, patch: patched, wholeBytes: (await stat(packed)).size };
}

/** Whole under its name, or not there. */
async function once(path: string, make: (path: string) => Promise<unknown>): Promise<void> {
  if (await exists(path)) return;
  const part = `${path}.${process.pid}`;
  try {
    await make(part);
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
}

async function earlierNode(path: string, say: BenchOptions['say']): Promise<void> {
  const work = await mkdtemp(`${path}-`);
  try {
    const name = `node-${HOST_PLATFORM}@${EARLIER}`;
    say(`fetch ${name} (52 MB)`);
    await run('npm', ['pack', '--silent', '--pack-destination', work, name], { timeout: 600_000 });
    await run('tar', ['-xzf', join(work, `${name.replace('@', '-')}.tgz`), '-C', work, 'package/bin/node']);
    await run('strip', ['-o', path, join(work, 'package/bin/node')]);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
