import { createHash } from 'node:crypto';
import { join } from 'node:path';
import {
  BUILD_FILE,
  buildTargets,
  compareVersions,
  formatUnsigned,
  parseBuild,
  type ReleaseBuild,
  type ReleaseContent,
  type ReleaseTarget,
  type ReleaseTargets,
  type TrustedRoot,
  targetPath,
  type Version,
} from '@stoa/protocol/release';
import type { LargeDisk } from '#disk.ts';
import { SignerError } from '#error.ts';
import { lowestNext } from '#releases/draft.ts';

/** Versions of a kind and platform that stay valid beside the new one: what a node may still be told to install. */
const KEPT_VERSIONS = 2;

/** The files of a build, as they are now. */
export interface HashedBuild {
  readonly build: ReleaseBuild;
  readonly targets: readonly ReleaseTarget[];
  readonly sbom: { readonly sha256: string; readonly length: number } | undefined;
}

/** @throws ReleaseError `malformed`; SignerError `file_missing`. */
export async function hashBuild(dir: string, disk: LargeDisk): Promise<HashedBuild> {
  const path = join(dir, BUILD_FILE);
  if ((await disk.stat(path)) === undefined)
    throw new SignerError('file_missing', `${path} does not exist: make it with \`pnpm build:agent\``);
  const build = parseBuild(await disk.readFile(path));
  const { version, minLauncher, node } = build;
  const targets: ReleaseTarget[] = [];
  for (const { kind, platform, file, from } of build.files) {
    const custom = { kind, platform, version, minLauncher, node, ...(from === undefined ? {} : { from }) };
    targets.push({ path: targetPath(custom), ...(await hashFile(join(dir, file), disk)), custom });
  }
  const sbom = build.sbom === undefined ? undefined : await hashFile(join(dir, build.sbom), disk);
  return { build, targets, sbom };
}

async function hashFile(path: string, disk: LargeDisk): Promise<{ sha256: string; length: number }> {
  if ((await disk.stat(path)) === undefined)
    throw new SignerError(
      'file_missing',
      `${path} does not exist, and ${BUILD_FILE} names it: build the release again`,
    );
  const hash = createHash('sha256');
  let length = 0;
  for await (const chunk of disk.readChunks(path)) {
    hash.update(chunk);
    length += chunk.length;
  }
  return { sha256: hash.digest('hex'), length };
}

export interface ReleaseWishes {
  readonly root: TrustedRoot;
  readonly previous: ReleaseTargets | undefined;
  /** Undefined: the previous release again, with another end, floor or set of signers. */
  readonly build: HashedBuild | undefined;
  readonly floor: Version | undefined;
  readonly security: boolean | undefined;
  readonly notes: string | undefined;
  readonly expiresAt: number;
}

/** The draft's file. @throws SignerError `bad_argument`; ReleaseError for what no verifier would take. */
export function draftRelease({ root, previous, build, ...wishes }: ReleaseWishes): Uint8Array {
  const base = build === undefined ? previous : undefined;
  if (build === undefined && base === undefined)
    throw new SignerError(
      'bad_argument',
      'there is neither a build nor a previous release to renew: pass --build',
    );
  const lowest = lowestNext(root, previous);
  const floor = wishes.floor ?? lowest.floor;
  const release = build?.build.version ?? base!.release;
  const content: ReleaseContent = {
    version: lowest.version,
    expiresAt: wishes.expiresAt,
    release,
    floor,
    security: wishes.security ?? base?.security ?? false,
    notes: wishes.notes ?? base?.notes ?? '',
    sbom: build === undefined ? base?.sbom : build.sbom,
    targets: mergeTargets(build?.targets ?? [], previous?.targets ?? [], { floor, release }),
  };
  return formatUnsigned(buildTargets(content));
}

/** New files, and of each kind and platform the newest earlier ones, down to the floor; none that is newer (the way down). */
function mergeTargets(
  fresh: readonly ReleaseTarget[],
  before: readonly ReleaseTarget[],
  { floor, release }: { floor: Version; release: Version },
): ReleaseTarget[] {
  const seriesOf = ({ custom }: ReleaseTarget): string => `${custom.kind} ${custom.platform}`;
  const paths = new Set(fresh.map(({ path }) => path));
  const earlier = before
    .filter(
      ({ path, custom: { version } }) =>
        !paths.has(path) && compareVersions(version, floor) >= 0 && compareVersions(version, release) <= 0,
    )
    .sort((a, b) => compareVersions(b.custom.version, a.custom.version));
  const kept = earlier.filter((target) => {
    const newer = earlier.filter(
      (other) =>
        seriesOf(other) === seriesOf(target) &&
        compareVersions(other.custom.version, target.custom.version) > 0,
    );
    return new Set(newer.map(({ custom }) => custom.version)).size < KEPT_VERSIONS;
  });
  return [...fresh, ...kept];
}
