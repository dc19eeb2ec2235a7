import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Random } from '@stoa/protocol';
import { peekTargets, type ReleaseContent, type Version } from '@stoa/protocol/release';
import { createDisk, type LargeDisk } from '#disk.ts';
import { SignerError } from '#error.ts';
import { createUnlockKeyFile, type Unlock, unlockWithKeyFile } from '#keys/unlock.ts';
import { combine, type SignatureFile } from '#releases/combination.ts';
import { parseDraft, requireSound, type Surroundings } from '#releases/draft.ts';
import {
  createHolderKey,
  type HolderKey,
  type OfflineRole,
  readHolderJournal,
  readHolderKey,
  signDraft,
} from '#releases/holder.ts';
import {
  type RootChain,
  readNewestRoot,
  readPrevious,
  readRoots,
  rootName,
  targetsName,
} from '#releases/metadata-files.ts';
import { draftRelease, hashBuild } from '#releases/release-draft.ts';
import { draftFirstRoot, draftNextRoot, type OnlineKeys, type Rotation } from '#releases/root-draft.ts';
import type { Clock } from '#steady-clock.ts';

const HOLDERS = ['alice', 'bob', 'carol'] as const;
const YEAR_MS = 365 * 24 * 3_600_000;

export interface DevelopmentHolders {
  readonly dir: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly disk?: LargeDisk;
}

/** Below a development directory: three holders' keys, one file that opens them all, and what they signed. */
export const DEVELOPMENT_RELEASE_FILES = {
  unlock: (dir: string): string => join(dir, 'unlock.key'),
  key: (dir: string, holder: string, role: OfflineRole): string =>
    join(dir, 'holders', `${holder}.${role}.key`),
  /** `N.root.json` and `N.targets.json`, as a hub serves them. */
  metadata: (dir: string): string => join(dir, 'metadata'),
  newest: (dir: string): string => join(dir, 'metadata', 'targets.json'),
} as const;

const FILES = DEVELOPMENT_RELEASE_FILES;

/**
 * Three holders on one machine, without questions, and a first root that says so: no node whose root is a real one takes
 * anything of theirs. What exists is kept; online keys are of the first call, later ones take a rotation.
 * @returns every root, oldest first.
 */
export async function createDevelopmentHolders(
  options: DevelopmentHolders & { online?: OnlineKeys },
): Promise<RootChain> {
  const { dir, clock, random, disk = createDisk() } = options;
  // Builds that run at once all ask for it.
  const made = await readRoots(FILES.metadata(dir), disk);
  if (made.newest !== undefined) return made;
  return alone(dir, disk, async () => {
    const path = FILES.unlock(dir);
    const exists = (await disk.stat(path)) !== undefined;
    const unlock = exists
      ? await unlockWithKeyFile(path, disk)
      : await createUnlockKeyFile(path, { disk, random });
    const keysOf = async (role: OfflineRole) => {
      const named: { holder: string; publicKey: Uint8Array }[] = [];
      for (const holder of HOLDERS) {
        const place = { path: FILES.key(dir, holder, role), disk };
        const by = { role, unlock, random, now: clock.now() };
        named.push({ holder, publicKey: (await ensureKey(place, by)).publicKey });
      }
      return named;
    };
    const holders = { root: await keysOf('root'), targets: await keysOf('targets') };
    const roots = await readRoots(FILES.metadata(dir), disk);
    if (roots.newest !== undefined) return roots;
    const expiresAt = clock.now() + YEAR_MS;
    const bytes = draftFirstRoot({ ...holders, online: options.online ?? {}, expiresAt, development: true });
    return signRoot(bytes, { dir, disk, unlock, now: clock.now() });
  });
}

/** @throws SignerError `directory_in_use`: two who sign at once would each write the journals. */
async function alone<T>(dir: string, disk: LargeDisk, task: () => Promise<T>): Promise<T> {
  const lock = await disk.lock?.(dir);
  try {
    return await task();
  } finally {
    await lock?.release();
  }
}

async function ensureKey(
  place: { path: string; disk: LargeDisk },
  by: { role: OfflineRole; unlock: Unlock; random: Random; now: number },
): Promise<HolderKey> {
  const whole = (await place.disk.stat(`${place.path}.journal`)) !== undefined;
  // A key without its journal has signed nothing yet.
  return whole ? readHolderKey(place) : createHolderKey(place, { ...by, force: true });
}

/** The next root, signed by the development holders. @throws SignerError `file_missing` before `createDevelopmentHolders`. */
export async function rotateDevelopmentRoot(
  options: DevelopmentHolders & Partial<Omit<Rotation, 'replacements' | 'expiresAt'>>,
): Promise<RootChain> {
  const { dir, clock, online = {}, floor, disk = createDisk() } = options;
  return alone(dir, disk, async () => {
    const root = await readNewestRoot(FILES.metadata(dir), disk);
    const unlock = await unlockWithKeyFile(FILES.unlock(dir), disk);
    const expiresAt = clock.now() + YEAR_MS;
    const bytes = draftNextRoot(root, { replacements: [], online, floor, expiresAt });
    return signRoot(bytes, { dir, disk, unlock, now: clock.now() });
  });
}

export interface DevelopmentRelease {
  /** Directory of a build, with its `release.json`: gets the metadata beside its files, below `metadata/`. */
  readonly build: string;
  readonly floor?: Version;
  readonly security?: boolean;
  readonly notes?: string;
}

/**
 * Draft, two signatures, combination. A build that is the newest release already is not signed again.
 * @returns the signed targets metadata, which lies in the build as well.
 */
export function signDevelopmentRelease(
  options: DevelopmentHolders & DevelopmentRelease,
): Promise<SignedBuild> {
  const { dir, disk = createDisk() } = options;
  return alone(dir, disk, () => signBuild({ ...options, disk }));
}

export interface SignedBuild {
  /** Of the targets metadata. */
  readonly version: number;
  readonly targets: Uint8Array;
  readonly roots: RootChain;
}

async function signBuild(
  options: DevelopmentHolders & DevelopmentRelease & { disk: LargeDisk },
): Promise<SignedBuild> {
  const { dir, clock, floor, security, notes, disk } = options;
  const metadata = FILES.metadata(dir);
  const roots = await readRoots(metadata, disk);
  const root = await readNewestRoot(metadata, disk);
  const unlock = await unlockWithKeyFile(FILES.unlock(dir), disk);
  const newest = FILES.newest(dir);
  const previous = await readPrevious(
    (await disk.stat(newest)) === undefined ? undefined : newest,
    root,
    disk,
  );
  const build = await hashBuild(options.build, disk);
  const now = clock.now();
  const expiresAt = now + YEAR_MS;
  const bytes = draftRelease({ root, previous, build, floor, security, notes, expiresAt });
  const same = previous !== undefined && isSame(peekTargets(bytes), previous);
  const { version } = same ? previous : peekTargets(bytes);
  const targets = same
    ? await disk.readFile(newest)
    : await sign(bytes, { dir, disk, unlock, roots, surroundings: { root, previous, now } });
  for (const place of [metadata, join(options.build, 'metadata')])
    await disk.writeAtomic(join(place, targetsName(version)), targets, 0o644);
  await disk.writeAtomic(newest, targets, 0o644);
  for (const [i, file] of roots.files.entries())
    await disk.writeAtomic(join(options.build, 'metadata', rootName(i + 1)), file, 0o644);
  return { version, targets, roots };
}

function isSame(next: ReleaseContent, before: ReleaseContent): boolean {
  const said = ({ release, floor, security, notes, sbom, targets }: ReleaseContent) => [
    [release, floor, security, notes, sbom?.sha256],
    targets.map(({ path, sha256 }) => `${path} ${sha256}`).sort(),
  ];
  return isDeepStrictEqual(said(next), said(before));
}

interface Desk {
  readonly dir: string;
  readonly disk: LargeDisk;
  readonly unlock: Unlock;
}

async function signRoot(bytes: Uint8Array, by: Desk & { now: number }): Promise<RootChain> {
  const metadata = FILES.metadata(by.dir);
  const roots = await readRoots(metadata, by.disk);
  const surroundings = { root: roots.newest, previous: undefined, now: by.now };
  const file = await sign(bytes, { ...by, roots, surroundings });
  await by.disk.writeAtomic(join(metadata, rootName(roots.files.length + 1)), file, 0o644);
  return readRoots(metadata, by.disk);
}

async function sign(
  bytes: Uint8Array,
  { dir, disk, unlock, roots, surroundings }: Desk & { roots: RootChain; surroundings: Surroundings },
): Promise<Uint8Array> {
  const draft = parseDraft(bytes);
  if (draft.role === 'root' ? !draft.content.development : surroundings.root?.development !== true)
    throw new SignerError(
      'bad_argument',
      `${dir} holds keys of real holders: each of them signs on a machine of their own`,
    );
  requireSound(draft, surroundings);
  const { now } = surroundings;
  const { role } = draft;
  const { version, sha256 } = draft.content;
  const signatures: SignatureFile[] = [];
  for (const holder of HOLDERS.slice(0, 2)) {
    const place = { path: FILES.key(dir, holder, role), disk };
    // A draft that was signed and never combined: a call that was cut off.
    const given = (await readHolderJournal(place)).findLast((entry) => entry.kind === 'signed');
    const signature = await signDraft(place, draft, { unlock, now, insteadOf: given?.sha256 });
    signatures.push({ role, version, sha256, ...signature });
  }
  return combine(draft, signatures, { roots, now });
}
