export { BATCH_STATES, type BatchState, FINAL_DEPTH, MOST_ATTEMPTS, SETTLED_DEPTH } from './batch-state.ts';
export { MintFault, type MintFaultCode } from './error.ts';
export type { ActKind, EpochState } from './schema.ts';
export type { MintSigner, SignedCommand, SigningGround } from './signer.ts';
