import { join } from 'node:path';
import { type ReleaseTargets, type TrustedRoot, verifyInstalled, verifyRoots } from '@stoa/protocol/release';
import type { Disk } from '#disk.ts';
import { SignerError } from '#error.ts';

/** Names as a hub and its mirrors serve them, below `metadata/`. */
export function rootName(version: number): string {
  return `${version}.root.json`;
}

export function targetsName(version: number): string {
  return `${version}.targets.json`;
}

/** Every root from the first on: whoever signs walks the whole way. */
export interface RootChain {
  readonly files: readonly Uint8Array[];
  /** Undefined before the first ceremony. */
  readonly newest: TrustedRoot | undefined;
}

/** @param dir where `1.root.json` and its successors lie. @throws ReleaseError where they do not lead on from the first. */
export async function readRoots(dir: string, disk: Disk): Promise<RootChain> {
  const files: Uint8Array[] = [];
  for (;;) {
    const path = join(dir, rootName(files.length + 1));
    if ((await disk.stat(path)) === undefined) break;
    files.push(await disk.readFile(path));
  }
  const [first, ...rest] = files;
  return { files, newest: first === undefined ? undefined : verifyRoots(first, rest) };
}

/** @throws SignerError `file_missing` where there is none yet. */
export async function readNewestRoot(dir: string, disk: Disk): Promise<TrustedRoot> {
  const { newest } = await readRoots(dir, disk);
  if (newest === undefined)
    throw new SignerError(
      'file_missing',
      `${join(dir, rootName(1))} does not exist: begin with 'signer release root init'`,
    );
  return newest;
}

/** A signed release that came before; whichever root vouched for it then. */
export async function readPrevious(
  path: string | undefined,
  root: TrustedRoot,
  disk: Disk,
): Promise<ReleaseTargets | undefined> {
  return path === undefined ? undefined : verifyInstalled(root, await requireFile(path, disk));
}

/** @throws SignerError `file_missing`. */
export async function requireFile(path: string, disk: Disk): Promise<Uint8Array> {
  if ((await disk.stat(path)) === undefined) throw new SignerError('file_missing', `${path} does not exist`);
  return disk.readFile(path);
}
