export type { RegionCertificates } from '#authority/certificates.ts';
export { createRegion, REGION_FILES, readConfig } from '#authority/region.ts';
export { createRoot, openRoot, Root } from '#authority/root.ts';
export {
  createDevelopmentKeys,
  type DevelopmentKeys,
  type DevelopmentOptions,
  developmentUnlockPath,
  type KeyHome,
} from '#development.ts';
export { createDisk, type Disk, type LargeDisk } from '#disk.ts';
export { type Unlock, unlockWithKeyFile, unlockWithPassphrase } from '#keys/unlock.ts';
export {
  enrolmentApprovalKind,
  planApprovalKind,
  type RegionShare,
  restartApprovalKind,
} from '#mint/approval.ts';
export {
  APPROVER_BOUNDS,
  type ApproverEvidence,
  type Recomputed,
  recompute,
} from '#mint/approver/recompute.ts';
export { inProcessMintSigner } from '#mint/client.ts';
export {
  type Approver,
  contractOf,
  DEFAULT_MINT_POLICY,
  type MintConfig,
  type MintPolicy,
} from '#mint/config.ts';
export { createMintSigner, restartMintJournal } from '#mint/making.ts';
export { type MintService, openMintService } from '#mint/service.ts';
export { DEFAULT_POLICY, type SignerPolicy } from '#policy.ts';
export {
  createDevelopmentHolders,
  DEVELOPMENT_RELEASE_FILES,
  type DevelopmentHolders,
  type DevelopmentRelease,
  rotateDevelopmentRoot,
  type SignedBuild,
  signDevelopmentRelease,
} from '#releases/development.ts';
export type { RootChain } from '#releases/metadata-files.ts';
export { openSignerService, type SignerService, type SignerServiceOptions } from '#service.ts';
export type { Clock } from '#steady-clock.ts';
export { type Listening, type SignerServer, serveSigner } from '#wire/server.ts';
export * from './client.ts';
