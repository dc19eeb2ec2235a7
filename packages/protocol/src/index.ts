export { GLOBAL_V6, RESERVED_V4, RESERVED_V6 } from './address-space.ts';
export * from './artefact.ts';
export * from './bytes.ts';
export { CAPABILITY, type CapabilityName, hasCapability } from './capabilities.ts';
export * from './close-codes.ts';
export {
  appended,
  bool,
  bytes,
  type Codec,
  type Decoded,
  decode,
  decodeExact,
  encode,
  f64,
  fixed,
  list,
  oneOf,
  optional,
  record,
  text,
  u8,
  u16,
  u32,
  u64,
  word64,
} from './codec/codec.ts';
export { describeShape, type Shape } from './codec/shape.ts';
export { CONTEXT, type Context, signIn, verifyIn } from './contexts.ts';
export { remembered } from './crypto/remembered.ts';
export { isReducedSignature, isStrongPublicKey } from './crypto/strict.ts';
export type {
  CryptoSuite,
  ExchangeKey,
  Mac,
  Random,
  Signatures,
  SigningKey,
  Verify,
} from './crypto/suite.ts';
export { ProtocolError, type ProtocolErrorCode } from './errors.ts';
export * from './evidence/checkpoint.ts';
export {
  type HourRecord,
  hourRecord,
  type RecordedMinute,
  type SaidOfItself,
} from './evidence/hour-record.ts';
export * from './evidence/hour-signer.ts';
export { hubGapKind, type SignedGap, signedHubGap } from './evidence/hub-gap.ts';
export * from './evidence/merkle.ts';
export { type MinuteRoot, minuteRootKind } from './evidence/minute-root.ts';
export { MINUTES_MASK, minuteWord } from './evidence/minutes.ts';
export * from './evidence/receipt.ts';
export { isOpenedBy, sessionIdOf } from './evidence/session-id.ts';
export * from './evidence/settled-receipt.ts';
export { FRAME_OVERHEAD, type FrameHeader, readHeader } from './frame.ts';
export { type AgentAnswer, type AgentParty, answerChallenge } from './handshake/agent.ts';
export {
  type Binding,
  type Challenge,
  type Opening,
  openChallenge,
  type Transport,
} from './handshake/challenge.ts';
export { EphemeralKeys } from './handshake/ephemeral.ts';
export type { Hello } from './handshake/hello.ts';
export { type HubAnswer, type HubOffer, type HubParty, offerChallenge, requireKey } from './handshake/hub.ts';
export { initialRatchet } from './handshake/ratchet.ts';
export type { Welcome } from './handshake/welcome.ts';
export * from './identity/enrolment.ts';
export * from './identity/hub-chain.ts';
export * from './identity/join-token.ts';
export { ownerName } from './identity/names.ts';
export * from './identity/node-cert.ts';
export * from './identity/owner-key.ts';
export * from './identity/verdict.ts';
export { LIMITS } from './limits.ts';
export {
  AUDIT_PAYLOADS,
  type AuditChallenge,
  type AuditOutcome,
  type AuditReport,
  auditReportKind,
  type PayloadRef,
} from './messages/audit.ts';
export { joinBatch, splitBatch } from './messages/batch.ts';
export * from './messages/catalog.ts';
export type { ErrorMessage, HeaderRequest } from './messages/control.ts';
export type {
  AgentDescription,
  ChainwebProcess,
  ComponentHealth,
  EffectiveConfig,
  Supervision,
} from './messages/description.ts';
export {
  type DialBack,
  type DialBackOutcome,
  type DialBackReport,
  dialBackKind,
} from './messages/dial-back.ts';
export {
  type Gauges,
  type Heartbeat,
  MAX_TIPS,
  type MetricsBatch,
  type Tip,
  UNKNOWN_U16,
  UNKNOWN_U32,
} from './messages/gauges.ts';
export { readPlain, writePlain } from './messages/plain.ts';
export { FRAME, type FrameName } from './messages/types.ts';
export {
  MAX_MIRRORS,
  MAX_UPDATE_LINE_BYTES,
  MAX_UPDATE_LINES,
  type UpdateAssignment,
  type UpdateState,
  type UpdateStatus,
  updateState,
} from './messages/update.ts';
export {
  type CancelAck,
  type Credit,
  type JobAck,
  type LeaseRenew,
  type LeaseRenewed,
  type LeaseRequest,
  type LogChunk,
  PROGRESS_UNKNOWN,
  type SealedJobResult,
  type WorkPolicy,
} from './messages/work.ts';
export { deriveSession, type OpenedFrame, Session, type SessionSecret } from './session.ts';
export { open, peek, type SignedKind, seal } from './signed.ts';
export { OLDEST_PROTOCOL_VERSION, PROTOCOL_VERSION, SUBPROTOCOL } from './version.ts';
export * from './work/index.ts';
