/**
 * Releases of the agent in the formats of The Update Framework 1.0: made and signed offline, published by a hub, verified
 * by every node. The only place that knows those formats. Pure: bytes in, facts out; the time is an argument.
 */
export { BUILD_FILE, type BuiltFile, formatBuild, parseBuild, type ReleaseBuild } from './build.ts';
export { ReleaseError, type ReleaseErrorCode } from './error.ts';
export {
  type Floors,
  NO_FLOORS,
  type OnlineFloor,
  raiseFloors,
  requireNoDowngrade,
  type Seen,
  type TargetsFloor,
  targetsFloor,
} from './floors.ts';
export { isHolder, keyId, type RoleKey, roleKey } from './key.ts';
export {
  type Body,
  formatMetadata,
  formatUnsigned,
  MAX_METADATA_VERSION,
  METADATA_BYTES,
  type MetadataSignature,
  parseMetadata,
  peekRole,
  type RoleName,
  requireSignatures,
  signBody,
  withSignatures,
} from './metadata.ts';
export {
  buildSnapshot,
  buildTimestamp,
  type NamedFile,
  nameFile,
  type OnlineMetadata,
  verifyNamedTargets,
  verifySnapshot,
  verifyTimestamp,
  versionByKeys,
} from './online.ts';
export { ringHash } from './ring.ts';
export {
  buildRoot,
  type KeySet,
  keySetId,
  peekRoot,
  type RootContent,
  type RootFloor,
  type TrustedRoot,
  verifyRoots,
} from './root.ts';
export {
  isPatch,
  isSha256,
  PLATFORMS,
  type Platform,
  type ReleaseTarget,
  TARGET_BYTES,
  TARGET_KINDS,
  type TargetCustom,
  type TargetKind,
  targetPath,
} from './target.ts';
export {
  buildTargets,
  type Judged,
  peekTargets,
  type ReleaseContent,
  type ReleaseTargets,
  verifyInstalled,
  verifyTargets,
} from './targets.ts';
export { compareVersions, isVersion, LOWEST_VERSION, newerVersion, type Version } from './version.ts';
