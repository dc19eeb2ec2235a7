import { type Metadata, Targets } from '@tufjs/models';
import { ReleaseError } from './error.ts';
import type { Floors } from './floors.ts';
import { targetsFloor } from './floors.ts';
import { sha256Hex } from './key.ts';
import { formatExpiry, parseMetadata, requireFresh, requireSignatures, signedBytes } from './metadata.ts';
import type { TrustedRoot } from './root.ts';
import { isSha256, type ReleaseTarget, readTarget, toTargetFile } from './target.ts';
import { compareVersions, requireVersion, type Version } from './version.ts';

const MAX_TARGETS = 200;
const MAX_NOTES = 16_000;

/** What the metadata of a release says: of one release, with what stays valid beside it. */
export interface ReleaseContent {
  /** TUF version: by it releases are named, and none comes back. */
  readonly version: number;
  /** Ms since 1970: nobody installs by it later. */
  readonly expiresAt: number;
  /** The release that this metadata is for. */
  readonly release: Version;
  /** Content below it runs for updating only. Only a root takes it down again. */
  readonly floor: Version;
  readonly security: boolean;
  /** For people, as text. */
  readonly notes: string;
  /** The list of components, served like a target. */
  readonly sbom: { readonly sha256: string; readonly length: number } | undefined;
  readonly targets: readonly ReleaseTarget[];
}

export interface ReleaseTargets extends ReleaseContent {
  /** Hex, of the signed part: the same whoever signed. Rings are drawn by it. */
  readonly sha256: string;
  /** Ids of the keys that signed, of those the root knows. */
  readonly signers: readonly string[];
}

/** The part to be signed. @throws ReleaseError for what no verifier would take. */
export function buildTargets(content: ReleaseContent): Targets {
  const { release, floor, security, notes, sbom } = content;
  const targets = new Targets({
    version: content.version,
    specVersion: '1.0.31',
    expires: formatExpiry(content.expiresAt),
    targets: Object.fromEntries(content.targets.map((target) => [target.path, toTargetFile(target)])),
    unrecognizedFields: {
      release: {
        version: release,
        floor,
        security,
        notes,
        ...(sbom === undefined ? {} : { sbom: { ...sbom } }),
      },
    },
  });
  readTargets(targets);
  return targets;
}

/** A draft or file, its signatures not judged. @throws ReleaseError `malformed`, `below_floor`. */
export function peekTargets(bytes: Uint8Array): ReleaseContent & { sha256: string } {
  return readTargets(parseMetadata('targets', bytes).signed);
}

function readTargets(body: Targets): ReleaseContent & { sha256: string } {
  if (body.delegations !== undefined)
    throw new ReleaseError('malformed', 'targets here delegate to nobody, this metadata does');
  const files = Object.values(body.targets);
  if (files.length > MAX_TARGETS)
    throw new ReleaseError('malformed', `the release has ${files.length} targets (at most ${MAX_TARGETS})`);
  const targets = files.map(readTarget);
  const about = readRelease(body.unrecognizedFields['release']);
  const low = targets.find(({ custom }) => compareVersions(custom.version, about.floor) < 0);
  if (low !== undefined)
    throw new ReleaseError(
      'below_floor',
      `${low.path} lies below the floor ${about.floor} of its own metadata`,
    );
  return {
    version: body.version,
    expiresAt: Date.parse(body.expires),
    ...about,
    targets,
    sha256: sha256Hex(signedBytes(body)),
  };
}

function readRelease(
  value: unknown,
): Pick<ReleaseContent, 'release' | 'floor' | 'security' | 'notes' | 'sbom'> {
  const { version, floor, security, notes, sbom } = fieldsOf(value);
  if (typeof security !== 'boolean' || typeof notes !== 'string' || notes.length > MAX_NOTES)
    throw new ReleaseError(
      'malformed',
      `the release does not say whether it is for security, or has no notes of at most ${MAX_NOTES} characters`,
    );
  return {
    release: requireVersion(version, 'the version of the release'),
    floor: requireVersion(floor, 'the floor of the release'),
    security,
    notes,
    sbom: sbom === undefined ? undefined : readSbom(sbom),
  };
}

function readSbom(value: unknown): { sha256: string; length: number } {
  const { sha256, length } = fieldsOf(value);
  if (!isSha256(sha256) || !Number.isSafeInteger(length) || Number(length) < 1)
    throw new ReleaseError('malformed', 'the list of components of the release has no SHA-256 and length');
  return { sha256, length: Number(length) };
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

export interface Judged {
  /** Ms since 1970: who refreshes or installs judges expiry; who starts what it has does not (F17). */
  readonly at?: number;
  /** What was seen before; nothing older is taken, even where that has expired meanwhile (F19). */
  readonly floors?: Floors;
}

/** @throws ReleaseError `malformed`, `too_large`, `not_signed`, `rolled_back`, `below_floor`, `expired`. */
export function verifyTargets(root: TrustedRoot, bytes: Uint8Array, judged: Judged = {}): ReleaseTargets {
  const metadata = parseMetadata('targets', bytes);
  const verified = vouched(root, metadata);
  const lowest = targetsFloor(root, judged.floors);
  if (verified.version < lowest.version)
    throw new ReleaseError(
      'rolled_back',
      `targets metadata ${verified.version} is older than ${lowest.version}, which is the oldest that is taken`,
    );
  if (compareVersions(verified.floor, lowest.content) < 0)
    throw new ReleaseError(
      'below_floor',
      `targets metadata ${verified.version} has the floor ${verified.floor}, below ${lowest.content}: only a root takes it down`,
    );
  requireFresh('targets', metadata.signed, judged.at);
  return verified;
}

/**
 * For what stands on a disk already and starts: any root of the chain may vouch for it, so that no rotation of keys keeps
 * a node from starting what it was rightly given. No age is judged.
 * @throws ReleaseError `malformed`, `too_large`, `not_signed`.
 */
export function verifyInstalled(root: TrustedRoot, bytes: Uint8Array): ReleaseTargets {
  const metadata = parseMetadata('targets', bytes);
  for (const earlier of root.earlier.toReversed()) {
    try {
      return vouched(earlier, metadata);
    } catch (error) {
      if (!(error instanceof ReleaseError && error.code === 'not_signed')) throw error;
    }
  }
  return vouched(root, metadata);
}

function vouched(root: TrustedRoot, metadata: Metadata<Targets>): ReleaseTargets {
  const signers = requireSignatures(metadata, { name: 'targets', ...root.roles.targets });
  return { ...readTargets(metadata.signed), signers };
}
