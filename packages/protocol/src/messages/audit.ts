import { bytes, type Decoded, fixed, list, oneOf, record, u8, u32 } from '../codec/codec.ts';
import { CONTEXT } from '../contexts.ts';
import type { SignedKind } from '../signed.ts';

/** Payloads that one challenge may name. */
export const AUDIT_PAYLOADS = 64;

/** A payload of an old block: found by its hash, faster where its height is known. */
const payloadRef = record({ chain: u8, height: u32, hash: fixed(32) });
export type PayloadRef = Decoded<typeof payloadRef>;

/**
 * The hub has nodes show that each of them has the chain and a machine to read it with: all nodes of a cluster are asked within
 * the same moment, each for payloads of its own. The agent reads them from its own chainweb, one after another, and answers with
 * `auditAnswer`. Without payloads it answers at once: the round trip.
 */
export const auditChallenge = record({
  /** Names this challenge: drawn by the hub, used once. */
  nonce: fixed(16),
  payloads: list(payloadRef, AUDIT_PAYLOADS),
});
export type AuditChallenge = Decoded<typeof auditChallenge>;

/**
 * - answered: from payloads that its chainweb has
 * - unavailable: its chainweb is down, or lacks one (it is pruned, or syncs)
 * - refused: the agent is asked too often, or by two at once
 */
const outcome = oneOf('answered', 'unavailable', 'refused');
export type AuditOutcome = Decoded<typeof outcome>;

const auditReport = record({
  nonce: fixed(16),
  node: fixed(32),
  outcome,
  /** `auditAnswer`; zeros where it has none. */
  answer: fixed(32),
  tookMs: u32,
});
export type AuditReport = Decoded<typeof auditReport>;

/** Signed by the node's key, so that what a dispute rests on can be shown to others. */
export const auditReportKind: SignedKind<AuditReport> = {
  context: CONTEXT.audit,
  body: auditReport,
  title: 'audit report',
};

/** `auditReportKind`, sealed. */
export const sealedAuditResponse = record({ sealed: bytes(256) });
