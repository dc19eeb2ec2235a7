import { ReleaseError } from './error.ts';
import { isPatch, isSha256, PLATFORMS, type Platform, TARGET_KINDS, type TargetKind } from './target.ts';
import { requireVersion, type Version } from './version.ts';

/** The description of a built release, beside its files: `release.json`. What it claims is hashed by whoever signs. */
export const BUILD_FILE = 'release.json';

export interface BuiltFile {
  readonly kind: TargetKind;
  readonly platform: Platform;
  /** Below the directory of the build, with `/`. */
  readonly file: string;
  /** Of a patch: SHA-256 in hex of the file it applies to. */
  readonly from?: string;
}

export interface ReleaseBuild {
  readonly version: Version;
  readonly node: Version;
  readonly minLauncher: Version;
  readonly files: readonly BuiltFile[];
  /** The list of components, a file of the directory. */
  readonly sbom?: string;
}

const MAX_BYTES = 64 * 1024;
const FILE = /^(?!\/)(?!.*(?:^|\/)\.{1,2}(?:\/|$))[\w@+./-]{1,200}$/;

export function formatBuild(build: ReleaseBuild): string {
  return `${JSON.stringify(build, undefined, 2)}\n`;
}

/** @throws ReleaseError `malformed`, `too_large`. */
export function parseBuild(bytes: Uint8Array): ReleaseBuild {
  if (bytes.length > MAX_BYTES)
    throw new ReleaseError('too_large', `${BUILD_FILE} has ${bytes.length} bytes (at most ${MAX_BYTES})`);
  const { version, node, minLauncher, files, sbom } = fieldsOf(parseJson(bytes));
  if (!Array.isArray(files) || files.length === 0)
    throw new ReleaseError('malformed', `${BUILD_FILE} names no files`);
  return {
    version: requireVersion(version, `version of ${BUILD_FILE}`),
    node: requireVersion(node, `node of ${BUILD_FILE}`),
    minLauncher: requireVersion(minLauncher, `minLauncher of ${BUILD_FILE}`),
    files: files.map(readFile),
    ...(sbom === undefined ? {} : { sbom: requireFile(sbom) }),
  };
}

function readFile(value: unknown): BuiltFile {
  const { kind, platform, file, from } = fieldsOf(value);
  const known = {
    kind: TARGET_KINDS.find((name) => name === kind),
    platform: PLATFORMS.find((name) => name === platform),
  };
  if (known.kind === undefined || known.platform === undefined || isPatch(known.kind) !== isSha256(from))
    throw new ReleaseError(
      'malformed',
      `${BUILD_FILE} names a file of kind ${JSON.stringify(kind)} for ${JSON.stringify(platform)} from ${JSON.stringify(from)}`,
    );
  const built = { kind: known.kind, platform: known.platform, file: requireFile(file) };
  return isSha256(from) ? { ...built, from } : built;
}

function requireFile(value: unknown): string {
  if (typeof value === 'string' && FILE.test(value)) return value;
  throw new ReleaseError(
    'malformed',
    `${BUILD_FILE} names ${JSON.stringify(value)}, which is no file of its directory`,
  );
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new ReleaseError('malformed', `${BUILD_FILE} is no JSON: build the release again`, { cause });
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
