/**
 * The face of the signer towards a hub: it asks, and never holds a region's key. Whatever opens keys stays in the
 * package's index, for the signer's own process, tests and the simulated world.
 */
export { inProcessSigner } from '#client/in-process.ts';
export {
  initOwnerKey,
  type OpenedBackup,
  type OwnerKeyReport,
  type OwnerKeyRun,
  openBackup,
  showOwnerKey,
  signOrder,
  signOwnerKeyChange,
} from '#client/owner-key.ts';
export {
  type CeremonyOptions,
  type CeremonyReport,
  initDevelopmentSigner,
  type SignerProcess,
  type StartOptions,
  startMintSigner,
  startSigner,
} from '#client/process.ts';
export { renewalDue } from '#client/renewal.ts';
export type { SignerChain, SignerClient } from '#client/signer-client.ts';
export { type ConnectOptions, connectSigner } from '#client/socket.ts';
export { SignerError, type SignerErrorCode } from '#error.ts';
export { type PlanApproval, planApprovalKind } from '#mint/approval.ts';
export { connectMintSigner, inProcessMintSigner, type MintSignerClient } from '#mint/client.ts';
export { MINT_REFUSALS, type MintRefusalCode } from '#mint/refusal.ts';
export type { SignedCommand, SigningGround } from '#mint/request.ts';
export type { MintSignerStatus } from '#mint/status.ts';
export type { SignerStatus } from '#status.ts';
