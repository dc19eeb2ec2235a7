import { TargetFile } from '@tufjs/models';
import { ReleaseError } from './error.ts';
import { requireVersion, type Version } from './version.ts';

export const TARGET_KINDS = ['payload', 'runtime', 'payload-patch', 'runtime-patch'] as const;
export type TargetKind = (typeof TARGET_KINDS)[number];
export const PLATFORMS = ['linux-x64', 'linux-arm64'] as const;
export type Platform = (typeof PLATFORMS)[number];

/** Bytes of a file, at most: nobody downloads or decodes past it. */
export const TARGET_BYTES: Readonly<Record<TargetKind, number>> = {
  payload: 16 * 1024 * 1024,
  runtime: 256 * 1024 * 1024,
  'payload-patch': 16 * 1024 * 1024,
  'runtime-patch': 128 * 1024 * 1024,
};

/** A patch is fetched in the place of the payload or runtime that it makes, and never installed itself. */
export function isPatch(kind: TargetKind): kind is `${'payload' | 'runtime'}-patch` {
  return kind.endsWith('-patch');
}

export interface TargetCustom {
  readonly kind: TargetKind;
  readonly platform: Platform;
  readonly version: Version;
  /** The oldest launcher that can run it. */
  readonly minLauncher: Version;
  /** Node it was built for, or, of a runtime, the Node in it: '24.21.0'. */
  readonly node: Version;
  /** SHA-256 in hex of the file that a patch applies to; what comes out must be that of the same metadata. */
  readonly from?: string;
}

/** One file of a release. */
export interface ReleaseTarget {
  /** `payload/1.2.3/linux-x64`, `runtime/1.2.3/linux-x64`, `runtime-patch/1.2.3/linux-x64/<from>`, and as much of payloads. */
  readonly path: string;
  /** Hex, of the decoded bytes: how they were packed is not trusted. A patch is not packed again: of the patch itself. */
  readonly sha256: string;
  /** In bytes, decoded. */
  readonly length: number;
  readonly custom: TargetCustom;
}

const SHA256 = /^[0-9a-f]{64}$/;

export function isSha256(text: unknown): text is string {
  return typeof text === 'string' && SHA256.test(text);
}

export function targetPath({
  kind,
  version,
  platform,
  from,
}: Pick<TargetCustom, 'kind' | 'version' | 'platform' | 'from'>): string {
  return [kind, version, platform, ...(from === undefined ? [] : [from])].join('/');
}

export function toTargetFile({ path, sha256, length, custom }: ReleaseTarget): TargetFile {
  return new TargetFile({
    path,
    length,
    hashes: { sha256 },
    unrecognizedFields: { custom: { ...custom } },
  });
}

/** @throws ReleaseError `malformed`. */
export function readTarget({ path, length, hashes, custom }: TargetFile): ReleaseTarget {
  const malformed = (what: string) => new ReleaseError('malformed', `the target ${path} ${what}`);
  const kind = TARGET_KINDS.find((known) => known === custom['kind']);
  const platform = PLATFORMS.find((known) => known === custom['platform']);
  if (kind === undefined || platform === undefined)
    throw malformed(
      `is of kind ${String(custom['kind'])} for ${String(custom['platform'])}, which nobody knows`,
    );
  const { sha256 } = hashes;
  if (!isSha256(sha256) || Object.keys(hashes).length !== 1)
    throw malformed('has other hashes than one SHA-256 in hex');
  if (!Number.isSafeInteger(length) || length < 1 || length > TARGET_BYTES[kind])
    throw malformed(`has ${length} bytes (expected 1 to ${TARGET_BYTES[kind]})`);
  const { from } = custom;
  if (isPatch(kind) ? !isSha256(from) : from !== undefined)
    throw malformed('does not say which file it patches, or says so and is no patch');
  const read: TargetCustom = {
    kind,
    platform,
    version: requireVersion(custom['version'], `the version of ${path}`),
    minLauncher: requireVersion(custom['minLauncher'], `minLauncher of ${path}`),
    node: requireVersion(custom['node'], `node of ${path}`),
    ...(isSha256(from) ? { from } : {}),
  };
  if (targetPath(read) !== path) throw malformed(`should have the path ${targetPath(read)}`);
  return { path, sha256, length, custom: read };
}
