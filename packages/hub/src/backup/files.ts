import type { Dirent } from 'node:fs';
import { lstat, mkdir, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PrivateFile } from '../private-file.ts';
import { type Entry, entry } from './records.ts';

/** Of the data directory: the database is dumped, artefacts and releases are published again from where they were signed, the rest is small and secret. */
const ELSEWHERE = new Set(['postgres', 'artefacts', 'releases']);
/** Locks, and what a write that was cut off left. */
const PASSING = /\.(?:new|part|tmp|lock|pid|sock)$/;

/** Keys, certificates and the signer's directory, as they stand. */
export async function* dumpFiles(dataDir: string): AsyncGenerator<Entry, void, undefined> {
  for (const path of await filesBelow(dataDir, ''))
    yield entry({ kind: 'file', path }, await readFile(join(dataDir, path)));
}

async function filesBelow(root: string, folder: string): Promise<string[]> {
  const found: string[] = [];
  const entries = await readdir(join(root, folder), { withFileTypes: true });
  for (const item of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = folder === '' ? item.name : `${folder}/${item.name}`;
    if (folder === '' && ELSEWHERE.has(item.name)) continue;
    if (item.isDirectory()) found.push(...(await filesBelow(root, path)));
    else if (isKept(item)) found.push(path);
  }
  return found;
}

function isKept(item: Dirent): boolean {
  return item.isFile() && !PASSING.test(item.name);
}

/** Files that stand where a restore would write others. */
export async function conflicting(
  dataDir: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<string[]> {
  const found: string[] = [];
  for (const [path, bytes] of files) {
    const there = await lstat(join(dataDir, path)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
      throw error;
    });
    if (there === undefined) continue;
    const same = there.isFile() && Buffer.from(bytes).equals(await readFile(join(dataDir, path)));
    if (!same) found.push(path);
  }
  return found;
}

export async function restoreFiles(dataDir: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [path, bytes] of files) {
    // Only below the data directory, which the database server's account must walk through.
    if (path.includes('/')) await mkdir(dirname(join(dataDir, path)), { recursive: true, mode: 0o700 });
    await new PrivateFile(join(dataDir, path)).save(bytes);
  }
}
