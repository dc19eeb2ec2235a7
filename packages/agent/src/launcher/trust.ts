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

/**
 * The newest root that is trusted here, with those it followed. The anchor is the root inside the program, or an older one
 * that was kept and leads to exactly that: then slots stay good which the keys before a rotation vouched for. A chain that is
 * damaged counts as far as it holds.
 * @param embedded what the program carries
 */
export async function readTrustedRoot(
  disk: Disk,
  layout: Layout,
  embedded: Uint8Array,
): Promise<TrustedRoot> {
  const anchor = peekRoot(embedded);
  const kept = await keptRoots(disk, layout);
  const isAnchor = ({ version, sha256 }: TrustedRoot): boolean =>
    version === anchor.version && sha256 === anchor.sha256;
  const [oldest, ...later] = kept.map(({ bytes }) => bytes);
  if (oldest !== undefined && kept[0]!.version < anchor.version) {
    const root = furthest(oldest, later);
    if (root !== undefined && [root, ...root.earlier].some(isAnchor)) return root;
  }
  const newer = kept.filter(({ version }) => version > anchor.version).map(({ bytes }) => bytes);
  return furthest(embedded, newer) ?? verifyRoots(embedded);
}

/** Of each version that is to be kept; the chain is verified already. */
export async function writeRoots(disk: Disk, layout: Layout, files: readonly Uint8Array[]): Promise<void> {
  for (const bytes of files) {
    const path = join(layout.roots, `${peekRoot(bytes).version}.root.json`);
    if ((await disk.stat(path)) === undefined) await disk.writeAtomic(path, bytes, 0o644);
  }
}

export async function readKeptRoots(disk: Disk, layout: Layout): Promise<Uint8Array[]> {
  return (await keptRoots(disk, layout)).map(({ bytes }) => bytes);
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

function furthest(anchor: Uint8Array, chain: readonly Uint8Array[]): TrustedRoot | undefined {
  for (let length = chain.length; length >= 0; length -= 1) {
    try {
      return verifyRoots(anchor, chain.slice(0, length));
    } catch (error) {
      if (!(error instanceof ReleaseError)) throw error;
    }
  }
  return undefined;
}
