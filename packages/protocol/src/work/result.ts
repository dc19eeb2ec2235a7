import { type Decoded, fixed, oneOf, record, text, u16, u32, u64 } from '../codec/codec.ts';
import { CONTEXT } from '../contexts.ts';
import type { SignedKind } from '../signed.ts';

/**
 * refused: never begun (policy, order, unknown kind). interrupted: begun and cut off, so that its effect is not known.
 */
export const jobOutcome = oneOf('succeeded', 'failed', 'cancelled', 'refused', 'interrupted');
export type JobOutcome = Decoded<typeof jobOutcome>;

export const MAX_RESULT_BYTES = 1_200;

const jobResultBody = record({
  nodeId: fixed(32),
  jobId: fixed(16),
  kind: text(40),
  attempt: u16,
  fencingToken: u64,
  outcome: jobOutcome,
  /** Stable code of a failure or refusal; empty where it succeeded. */
  code: text(48),
  message: text(255),
  /** What the kind reports, as JSON; empty for nothing. */
  report: text(MAX_RESULT_BYTES),
  durationMs: u32,
  logBytes: u32,
  /**
   * `hash` of the whole log as it lay on the node when the job ended, `logBytes` long: that is what the node sends. A hub
   * that has stored less has a beginning of it, which this can't prove. A result that is told again for another attempt
   * carries the log of the attempt that ran.
   */
  logHash: fixed(32),
  /** Of the order that it ran under; zero where none was needed. */
  orderId: fixed(16),
  /** 1 for the node's first result. */
  number: u64,
  /** `hash` of the previous sealed result, zero for the first: the node's own chain. */
  previous: fixed(32),
});
export type JobResult = Decoded<typeof jobResultBody>;

/** Signed by the node key. */
export const jobResultKind: SignedKind<JobResult> = {
  context: CONTEXT.jobResult,
  body: jobResultBody,
  title: 'job result',
};

const jobReceiptBody = record({
  nodeId: fixed(32),
  jobId: fixed(16),
  attempt: u16,
  /** `hash` of the sealed result that this answers. */
  result: fixed(32),
  /** late: another lease had the job by then, and the result changed nothing but is kept. */
  taken: oneOf('recorded', 'late'),
  at: u64,
});
export type JobReceipt = Decoded<typeof jobReceiptBody>;

/** Signed by a hub instance: the result is stored. Both sides keep both. */
export const jobReceiptKind: SignedKind<JobReceipt> = {
  context: CONTEXT.jobReceipt,
  body: jobReceiptBody,
  title: 'job receipt',
};
