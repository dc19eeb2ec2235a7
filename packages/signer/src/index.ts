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
export { createDisk, type Disk } from '#disk.ts';
export { type Unlock, unlockWithKeyFile, unlockWithPassphrase } from '#keys/unlock.ts';
export { DEFAULT_POLICY, type SignerPolicy } from '#policy.ts';
export { openSignerService, type SignerService, type SignerServiceOptions } from '#service.ts';
export type { Clock } from '#steady-clock.ts';
export { type Listening, type SignerServer, serveSigner } from '#wire/server.ts';
export * from './client.ts';
