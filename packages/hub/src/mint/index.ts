export {
  BATCH_STATES,
  type BatchState,
  clearsChain,
  FINAL_DEPTH,
  MOST_ATTEMPTS,
  observed,
  resumed,
  retried,
  SETTLED_DEPTH,
} from './batch-state.ts';
export type { Attempt, Batch, BatchKey, BatchStore } from './batch-store.ts';
export { KadenaNode } from './chain-client.ts';
export {
  type ChainNode,
  type ChainRead,
  type ChainResult,
  type Preflight,
  ReadRefused,
} from './chain-node.ts';
export { ChainView } from './chain-view.ts';
export type { Adopted } from './contract-adoption.ts';
export { ContractGuard } from './contract-guard.ts';
export { presentContract } from './contract-name.ts';
export { dayText, dueEpoch, hourOf, parseDay } from './day.ts';
export type { Epoch, EpochStore, StoredChain, StoredPlan } from './epoch-store.ts';
export { MintFault, type MintFaultCode, PASSING } from './error.ts';
export type { FaultStore, KnownFault } from './fault-store.ts';
export { GAS_DAYS, type GasAccount, GasAccountStore, lackOf } from './gas-accounts.ts';
export type { Resumed } from './intervention.ts';
export {
  type ChainDeps,
  createContractAdoption,
  createMint,
  createMintTools,
  createReconciliation,
  type Mint,
  type MintDeps,
  type MintTools,
} from './mint.ts';
export { quorumOf } from './quorum.ts';
export type { Difference, Reconciled, Reconciliation } from './reconciliation.ts';
export type { ActKind, EpochState } from './schema.ts';
export type { MintSigner, SignedCommand, SigningGround } from './signer.ts';
export type { MintTerms } from './signing.ts';
