import { join } from 'node:path';
import {
  METADATA_BYTES,
  peekRoot,
  ReleaseError,
  type TrustedRoot,
  verifyRoots,
} from '@stoa/protocol/release';
import type { Disk } from '#disk.ts';
import type { Layout } from '#launcher/layout.ts';

const ROOT_FILE = /^([1-9]\d{0,9})\.root\.json$/;

export interface TrustChain {
  readonly anchor: Uint8Array;
  /** What follows it, as far as it holds. */
  readonly later: readonly Uint8Array[];
  /** The newest, with those it followed. */
  readonly root: TrustedRoot;
}

/**
 * The roots that are trusted here. The anchor is the root inside the program, or an older one that was kept and leads to
 * exactly that: then slots stay good which the keys before a rotation vouched for. A chain that is damaged counts as far as
 * it holds.
 * @param embedded what the program carries
 * @throws ReleaseError where that is none
 */
export async function readTrust(disk: Disk, layout: Layout, embedded: Uint8Array): Promise<TrustChain> {
  const { version, sha256 } = peekRoot(embedded);
  const kept = await keptRoots(disk, layout);
  const [oldest, ...later] = kept.map(({ bytes }) => bytes);
  if (oldest !== undefined && (kept[0]?.version ?? 0) < version) {
    const chain = furthest(oldest, later);
    const roots = chain === undefined ? [] : [chain.root, ...chain.root.earlier];
    if (chain !== undefined && roots.some((root) => root.version === version && root.sha256 === sha256))
      return chain;
  }
  const newer = kept.filter((root) => root.version > version).map(({ bytes }) => bytes);
  return furthest(embedded, newer) ?? { anchor: embedded, later: [], root: verifyRoots(embedded) };
}

/**
 * Where the chain leads with these as well. Only what it was led through may be kept: a root that is older than the trusted
 * one is passed over unverified, and whoever wrote one that leads to the real roots would find its own keys trusted here.
 * @throws ReleaseError
 */
export function followRoots(
  { anchor, later, root: before }: TrustChain,
  handed: readonly Uint8Array[],
): { root: TrustedRoot; followed: readonly Uint8Array[] } {
  const root = verifyRoots(anchor, [...later, ...handed]);
  return { root, followed: handed.filter((bytes) => peekRoot(bytes).version > before.version) };
}

/** Keeps verified roots; those that are there already stay as they are. */
export async function writeRoots(disk: Disk, layout: Layout, files: readonly Uint8Array[]): Promise<void> {
  for (const bytes of files) {
    const path = join(layout.roots, `${peekRoot(bytes).version}.root.json`);
    if ((await disk.stat(path)) === undefined) await disk.writeAtomic(path, bytes, 0o644);
  }
}

async function keptRoots(disk: Disk, layout: Layout): Promise<{ version: number; bytes: Uint8Array }[]> {
  const versions = (await disk.list(layout.roots))
    .map((name) => Number(ROOT_FILE.exec(name)?.[1]))
    .filter((version) => !Number.isNaN(version))
    .sort((a, b) => a - b);
  const kept: { version: number; bytes: Uint8Array }[] = [];
  for (const version of versions) {
    const path = join(layout.roots, `${version}.root.json`);
    kept.push({ version, bytes: await disk.readRange(path, 0, METADATA_BYTES.root + 1) });
  }
  return kept;
}

function furthest(anchor: Uint8Array, chain: readonly Uint8Array[]): TrustChain | undefined {
  for (let length = chain.length; length >= 0; length -= 1) {
    try {
      const later = chain.slice(0, length);
      return { anchor, later, root: verifyRoots(anchor, later) };
    } catch (error) {
      if (!(error instanceof ReleaseError)) throw error;
    }
  }
  return undefined;
}
