export { blobsOf, checkBlob } from './blobs.ts';
export { PublishError, type PublishErrorCode } from './error.ts';
export { type Candidate, inspect } from './intake.ts';
export { ONLINE_ROLES, type OnlineKey } from './online-keys.ts';
export type { Published } from './publisher.ts';
export { type Standing, standingOf, type TrustedRoots } from './reader.ts';
export type { PublishedRelease, Releases } from './release.ts';
export {
  createReleaseBench,
  createReleases,
  type ReleaseBench,
  type ReleaseSide,
  requirePublisher,
} from './releases.ts';
export { releasePages } from './routes.tsx';
export { DirectorySource } from './source.ts';
export { readRoot } from './trust.ts';
export { upkeepFault } from './upkeep.ts';
export { holdersOf as releaseHoldersOf, type ReleaseRow, ReleaseViews } from './view.ts';
