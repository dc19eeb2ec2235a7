/**
 * The daily mint as every party reckons it: which transactions a cut becomes, their bytes and their gas. Pure; hub, signer,
 * approvers and browsers get the same bytes from the same cut. The contract stands in `hub/src/mint/contract`.
 */
export { type CommandSetting, commandText, type MintAct, requestKey, WIDEST_SETTING } from './command.ts';
export { type PlannedEnrolment, planEnrolments, weighClosing } from './enrolment.ts';
export { MintError, type MintErrorCode } from './error.ts';
export {
  type BatchShape,
  closeGas,
  type EnrolmentShape,
  enrolGas,
  mintGas,
  openGas,
  sizeGas,
} from './gas.ts';
export { gasLimitFor, MINT_LIMITS, type MintLimits, type Weight } from './limits.ts';
export { type ChainOutline, canonicalPlan, chainDigest, type PlanOutline, planHash } from './outline.ts';
export { type EpochPlan, type PlannedBatch, type PlannedChain, planEpoch } from './plan.ts';
export type { ChainCut, MintCut } from './points.ts';
export {
  ACCOUNT_CAP,
  BUCKET,
  bucketsOf,
  deltasDigest,
  deltasText,
  EPOCH_CAP,
  enrolmentDigest,
  epochOf,
  MINT_CHAINS,
  owningChain,
  parseDeltas,
  type SlotPoints,
  WINDOW,
} from './register.ts';
