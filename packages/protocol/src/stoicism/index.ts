/** Rules of Stoicism that a node, a hub and a browser recompute to the same bytes. Pure. */
export { type Benchmark, type Proofs, provenBy, readBenchmark } from './benchmark-report.ts';
export { DocumentIndex } from './document-index.ts';
export {
  EVIDENCE_FORMAT,
  type EvidenceFile,
  type EvidenceHour,
  type FormerKey,
  formatEvidenceFile,
  MAX_EVIDENCE_BYTES,
  MAX_EVIDENCE_HOURS,
  MAX_FORMER_KEYS,
  readEvidenceFile,
} from './evidence-file.ts';
export type { Finding, FindingKind, FindingSubject, GateName, HourFault } from './finding.ts';
export { formatMinutes } from './findings.ts';
export {
  type GapLink,
  type GapWitness,
  gapMinutes,
  type HubGap,
  minutesWithin,
  type Standing,
} from './gap.ts';
export {
  ALL_GATES,
  type ArgvFault,
  argvFaults,
  type CommitmentFacts,
  commitmentMet,
  GATE_BIT,
  hasPeers,
  LEAST_PEERS,
  lateTipMs,
  TIP_WITHIN,
} from './gates.ts';
export { type GapWord, type Hour, type HourEvidence, hourOf, type SessionWord } from './hour.ts';
export {
  type ChainedEvent,
  LEDGER_GENESIS,
  LEDGER_KINDS,
  type LedgerKind,
  ledgerEventBytes,
} from './ledger-chain.ts';
export {
  type Baselines,
  isPartName,
  PART_NAMES,
  type PartName,
  type PartRule,
  partOf,
  SCORE_PARTS,
  type ScorePart,
  SEED_BASELINES,
} from './parts.ts';
export {
  type AccountFaultCode,
  accountIdOf,
  MAX_ACCOUNT_BYTES,
  type PayoutAccountKind,
  type PayoutAccountVerdict,
  readPayoutAccount,
} from './payout-account.ts';
export {
  CHALLENGE_PREFIX,
  challengeBytes,
  challengeText,
  HASH_BYTES,
  type PayoutChallenge,
} from './payout-challenge.ts';
export {
  countMinutes,
  FEE_WHOLE,
  formatPoints,
  minutePoints,
  POINT,
  parsePoints,
  splitFee,
  wordPoints,
} from './points.ts';
export { type MinuteLines, minuteLines, type Neighbours, type WholeMinute } from './recorded-minutes.ts';
export {
  formatScore,
  HW_PERMILLE,
  type HwType,
  type Measure,
  type Measured,
  type MeasureFault,
  MICRO_CAP,
  type PartNote,
  type ScoredPart,
  type ScoreLimits,
  type ServerScore,
  serverScore,
} from './score.ts';
export { formatBreakdown, readBreakdown, recomputed, type ScoreBreakdown } from './score-breakdown.ts';
export { requireBaselines, ScoreError, type ScoreErrorCode, thousandths } from './score-error.ts';
export {
  type SettledPoints,
  type SettledWords,
  settledPoints,
  settledWords,
  statedPoints,
} from './settled-hour.ts';
export {
  type EvidenceParties,
  type EvidencePolicy,
  evidenceParties,
  type HourReport,
  type HourVerdict,
  newestReceipt,
  verdictOf,
  verifyEvidence,
  wordAlone,
} from './verify-evidence.ts';
export { type HourContext, verifyHour } from './verify-hour.ts';
export { verifyRoots } from './verify-roots.ts';
export { COLD, type ReplayedWarmUp, type WarmUpState, warmThrough } from './warm-replay.ts';
export {
  addOff,
  BENCHMARK_MINUTES,
  isWarm,
  type MinuteKind,
  OFF_TIP_MINUTES,
  stepWarmUp,
  WARM_UP_MINUTES,
  type WarmUps,
  warmUpColumns,
} from './warm-up.ts';
export {
  CONTENT_PART,
  type DriveFile,
  type DriveWork,
  isWorkPart,
  WORK_PARTS,
  WORK_UNITS,
  type Work,
  type WorkPart,
  type WorkStart,
  workOf,
} from './work.ts';
export {
  MAX_LANES,
  MAX_MARKS,
  NO_ANSWER,
  WORK_WORD_BYTES,
  WORK_WORD_PATH,
  type WorkClaim,
  type WorkLane,
  type WorkWord,
  workAnswer,
  workClaimKind,
  workNonce,
  workWord,
} from './work-word.ts';
