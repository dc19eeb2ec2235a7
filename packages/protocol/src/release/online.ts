import { type Metadata, MetaFile, Snapshot, Timestamp } from '@tufjs/models';
import { ReleaseError } from './error.ts';
import { onlineFloor } from './floors.ts';
import { sha256Hex } from './key.ts';
import {
  type Body,
  formatExpiry,
  MAX_METADATA_VERSION,
  parseMetadata,
  requireFresh,
  requireSignatures,
} from './metadata.ts';
import type { TrustedRoot } from './root.ts';
import { type Judged, type ReleaseTargets, verifyTargets } from './targets.ts';

const TARGETS_FILE = 'targets.json';

/** A metadata file as the one above it names it. */
export interface NamedFile {
  readonly version: number;
  readonly length: number;
  /** Hex, of the whole file with its signatures. */
  readonly sha256: string;
}

export interface OnlineMetadata {
  readonly version: number;
  readonly expiresAt: number;
  /** Of a timestamp the snapshot, of a snapshot the targets. */
  readonly names: NamedFile;
}

export function nameFile(version: number, bytes: Uint8Array): NamedFile {
  return { version, length: bytes.length, sha256: sha256Hex(bytes) };
}

/** @throws ReleaseError `malformed` for a version that nodes do not read. */
export function buildSnapshot({ version, expiresAt, names }: OnlineMetadata): Snapshot {
  requireCountable('snapshot', version);
  return new Snapshot({
    version,
    specVersion: '1.0.31',
    expires: formatExpiry(expiresAt),
    meta: { [TARGETS_FILE]: toMetaFile(names) },
  });
}

/** @throws ReleaseError `malformed` for a version that nodes do not read. */
export function buildTimestamp({ version, expiresAt, names }: OnlineMetadata): Timestamp {
  requireCountable('timestamp', version);
  return new Timestamp({
    version,
    specVersion: '1.0.31',
    expires: formatExpiry(expiresAt),
    snapshotMeta: toMetaFile(names),
  });
}

/**
 * The version of a file of the hub's that the present keys signed; undefined for one of other keys, whose numbers mean nothing
 * any more (a thief counts as far as they like), and for what is none.
 */
export function versionByKeys(
  root: TrustedRoot,
  role: 'snapshot' | 'timestamp',
  bytes: Uint8Array,
): number | undefined {
  try {
    const metadata = role === 'snapshot' ? parseMetadata(role, bytes) : parseMetadata(role, bytes);
    requireSignatures(metadata, { name: role, ...root.roles[role] });
    return metadata.signed.version;
  } catch (error) {
    if (error instanceof ReleaseError) return undefined;
    throw error;
  }
}

/** TUF 5.4. @throws ReleaseError `malformed`, `too_large`, `not_signed`, `rolled_back`, `expired`. */
export function verifyTimestamp(root: TrustedRoot, bytes: Uint8Array, judged: Judged = {}): OnlineMetadata {
  const metadata = parseMetadata('timestamp', bytes);
  return judge('timestamp', root, { metadata, named: metadata.signed.snapshotMeta, judged });
}

/** TUF 5.5. @throws ReleaseError as `verifyTimestamp`, `mismatch` where the timestamp names another file. */
export function verifySnapshot(
  root: TrustedRoot,
  bytes: Uint8Array,
  by: Judged & { timestamp: OnlineMetadata },
): OnlineMetadata {
  requireNamed('snapshot', by.timestamp.names, bytes);
  const metadata = parseMetadata('snapshot', bytes);
  const verified = judge('snapshot', root, {
    metadata,
    named: metadata.signed.meta[TARGETS_FILE],
    judged: by,
  });
  requireVersionOf('snapshot', by.timestamp.names, verified.version);
  return verified;
}

/** TUF 5.6: the targets that the snapshot names. @throws ReleaseError as `verifyTargets`, and `mismatch`. */
export function verifyNamedTargets(
  root: TrustedRoot,
  bytes: Uint8Array,
  by: Judged & { snapshot: OnlineMetadata },
): ReleaseTargets {
  requireNamed('targets', by.snapshot.names, bytes);
  const verified = verifyTargets(root, bytes, by);
  requireVersionOf('targets', by.snapshot.names, verified.version);
  return verified;
}

function judge(
  role: 'snapshot' | 'timestamp',
  root: TrustedRoot,
  of: { metadata: Metadata<Body>; named: MetaFile | undefined; judged: Judged },
): OnlineMetadata {
  const { signed } = of.metadata;
  requireSignatures(of.metadata, { name: role, ...root.roles[role] });
  const lowest = onlineFloor(root, role, of.judged.floors).version;
  if (signed.version < lowest)
    throw new ReleaseError(
      'rolled_back',
      `${role} metadata ${signed.version} is older than ${lowest}, which was seen before: try another mirror`,
    );
  requireFresh(role, signed, of.judged.at);
  return {
    version: signed.version,
    expiresAt: Date.parse(signed.expires),
    names: readMetaFile(role, of.named),
  };
}

function requireCountable(role: string, version: number): void {
  if (version > MAX_METADATA_VERSION)
    throw new ReleaseError(
      'malformed',
      `${role} metadata can't be of version ${version}: nodes read up to ${MAX_METADATA_VERSION}; rotate its key, which begins anew`,
    );
}

function toMetaFile({ version, length, sha256 }: NamedFile): MetaFile {
  return new MetaFile({ version, length, hashes: { sha256 } });
}

function readMetaFile(role: string, file: MetaFile | undefined): NamedFile {
  const sha256 = file?.hashes?.['sha256'];
  if (file?.length === undefined || sha256 === undefined)
    throw new ReleaseError('malformed', `the ${role} metadata names its file without length and SHA-256`);
  return { version: file.version, length: file.length, sha256 };
}

function requireNamed(role: string, { version, length, sha256 }: NamedFile, bytes: Uint8Array): void {
  if (bytes.length !== length || sha256Hex(bytes) !== sha256)
    throw new ReleaseError(
      'mismatch',
      `this is not the ${role} metadata ${version} that is named for now: ${bytes.length} of ${length} bytes, or other ones`,
    );
}

function requireVersionOf(role: string, { version }: NamedFile, found: number): void {
  if (found !== version)
    throw new ReleaseError('mismatch', `the ${role} metadata is version ${found}, it is named as ${version}`);
}
