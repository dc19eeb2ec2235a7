import {
  METADATA_BYTES,
  peekRoot,
  peekTargets,
  type ReleaseTargets,
  type TrustedRoot,
  verifyRoots,
  verifyTargets,
} from '@stoa/protocol/release';
import { PublishError } from './error.ts';
import type { Standing } from './reader.ts';
import type { DirectorySource } from './source.ts';

export interface RootFile {
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** What a directory holds, judged against what is served. */
export interface Candidate {
  readonly standing: Standing;
  /** The newest of both. */
  readonly root: TrustedRoot;
  /** That of the directory which this region does not serve yet, oldest first. */
  readonly roots: readonly RootFile[];
  /** Undefined where the directory brings roots only. */
  readonly targets: { readonly bytes: Uint8Array; readonly release: ReleaseTargets } | undefined;
  /** Whether publishing it would change what nodes take. */
  readonly changes: boolean;
}

/**
 * Judges what a directory holds as nodes would, before they have fetched any file of it.
 * @param by.at now, milliseconds since 1970
 * @throws PublishError, and ReleaseError as nodes would.
 */
export async function inspect(by: {
  standing: Standing | undefined;
  source: DirectorySource;
  at: number;
}): Promise<Candidate> {
  const { standing, source, at } = by;
  if (standing === undefined) throw rootUnknown();
  const newest = (await source.versions('root')).at(-1) ?? 0;
  const later = await rootsOf(source, { from: standing.root.version + 1, to: newest });
  const roots = [...(await rootsBefore(source, standing)), ...later];
  const chain = [...standing.chain, ...later.map(({ bytes }) => bytes)];
  const root = verifyRoots(standing.anchor, chain, { at });
  const targets = await readTargets(source, { standing, root, at });
  if (targets === undefined && newest === 0)
    throw new PublishError(
      'release_incomplete',
      `${source.name} holds neither N.targets.json nor N.root.json: sign the release first`,
    );
  const inForce = standing.inForce?.release.version;
  const changes = later.length > 0 || (targets !== undefined && targets.release.version !== inForce);
  return { standing, root, roots, targets, changes };
}

export function rootUnknown(): PublishError {
  return new PublishError(
    'root_unknown',
    'no release root is trusted here yet: name its file in RELEASE_ROOT, or run stoa-hub release trust FILE',
  );
}

/**
 * Roots from before the one that this region began with, which lead to it: nodes may have been built with any of them. Only
 * out of a directory of the operator's: that they lead there says nothing of who made them.
 */
async function rootsBefore(
  source: DirectorySource,
  { anchor }: Pick<Standing, 'anchor'>,
): Promise<readonly RootFile[]> {
  const { version, sha256 } = peekRoot(anchor);
  const before: RootFile[] = [];
  for (let each = version - 1; each >= 1; each -= 1) {
    const bytes = await source.metadata('root', each, METADATA_BYTES.root);
    if (bytes === undefined) break;
    before.unshift({ version: each, bytes });
  }
  const [first, ...rest] = before;
  if (first === undefined) return [];
  const reached = verifyRoots(first.bytes, [...rest.map(({ bytes }) => bytes), anchor]);
  if (reached.sha256 !== sha256)
    throw new PublishError('root_differs', `the roots of ${source.name} do not lead to root ${version} here`);
  return before;
}

async function rootsOf(
  source: DirectorySource,
  { from, to }: { from: number; to: number },
): Promise<RootFile[]> {
  const roots: RootFile[] = [];
  for (let version = from; version <= to; version += 1) {
    const bytes = await source.metadata('root', version, METADATA_BYTES.root);
    if (bytes === undefined)
      throw new PublishError(
        'release_incomplete',
        `${source.name} brings root ${to} without ${version}.root.json`,
      );
    roots.push({ version, bytes });
  }
  return roots;
}

async function readTargets(
  source: DirectorySource,
  { standing, root, at }: { standing: Standing; root: TrustedRoot; at: number },
): Promise<Candidate['targets']> {
  const version = (await source.versions('targets')).at(-1);
  const bytes = version && (await source.metadata('targets', version, METADATA_BYTES.targets));
  if (!bytes) return undefined;
  const held = standing.inForce?.release;
  const content = peekTargets(bytes);
  if (content.version === held?.version && content.sha256 !== held.sha256)
    throw new PublishError(
      'release_differs',
      `targets ${held.version} are published with the hash ${held.sha256}, these have ${content.sha256}: sign them as ${held.version + 1}`,
    );
  if (content.version !== version)
    throw new PublishError(
      'release_refused',
      `${version}.targets.json of ${source.name} is of version ${content.version}: name it by that`,
    );
  return { bytes, release: verifyTargets(root, bytes, { at, floors: standing.floors }) };
}
