import type { JobState } from './state.ts';

/** agent: pulled by the node's agent. ssh: taken by a worker, which reaches the node over SSH. */
export type JobRun = 'agent' | 'ssh';

/** One job as lists show it. Times are milliseconds since 1970. */
export interface JobSummary {
  readonly jobId: string;
  readonly batchId: string;
  readonly nodeId: string;
  /** Of the node as it is now; its id where it is no longer there. */
  readonly label: string;
  readonly owner: string;
  readonly run: JobRun;
  readonly kind: string;
  readonly class: string;
  readonly state: JobState;
  /** Waits for a second approver. */
  readonly held: boolean;
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly scheduledAt: number;
  readonly createdAt: number;
  readonly createdBy: string;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly code: string;
  readonly message: string;
  /** Per cent; undefined where the kind can't tell. */
  readonly progress: number | undefined;
  readonly step: string;
  /** Somebody wants it ended, and it has not ended yet. */
  readonly cancelling: boolean;
}

/** All that a job's page shows. */
export interface JobDetail extends JobSummary {
  readonly params: string;
  readonly selector: string;
  readonly idempotent: boolean;
  readonly deadline: number;
  readonly leasedUntil: number | undefined;
  readonly fencingToken: number | undefined;
  readonly instance: string | undefined;
  /** JSON; empty for nothing. */
  readonly report: string;
  readonly logBytes: number;
  readonly orderId: string | undefined;
  readonly approvedBy: string | undefined;
}

/** A job that made something which is still there (`KEEPSAKE_KINDS`). */
export interface Keepsake {
  readonly jobId: string;
  readonly kind: string;
  /** Canonical text. */
  readonly params: string;
  /** JSON, as the node signed it. */
  readonly report: string;
  readonly endedAt: number;
}

/** What a job reported that succeeded. */
export interface JobReport {
  readonly jobId: string;
  readonly attempt: number;
  readonly nodeId: string;
  /** The node's owner when it was submitted. */
  readonly owner: string;
  /** JSON, as the node signed it; empty for nothing. */
  readonly report: string;
  readonly endedAt: number;
}

/** A result with the receipt that answered it. */
export interface JobReceiptRow {
  readonly attempt: number;
  readonly taken: 'recorded' | 'late';
  readonly outcome: string;
  readonly code: string;
  readonly message: string;
  /** In the node's chain of results. */
  readonly number: number;
  readonly link: 'follows' | 'gap' | 'conflict';
  readonly durationMs: number;
  readonly at: number;
  /** `jobResultKind` sealed by the node, hex. */
  readonly sealed: string;
  /** Payload of JobReceipt: `jobReceiptKind` sealed by the instance and its chain, hex. */
  readonly receipt: string;
}

/** What a node said of itself: shown, never decided by. */
export interface NodeWork {
  readonly kinds: readonly string[];
  readonly policy: string;
  /** Why its policy can't be read; empty where it can. */
  readonly fault: string;
  readonly paused: boolean;
  readonly saidAt: number;
}

export interface JobBatch {
  readonly batchId: string;
  readonly run: JobRun;
  readonly kind: string;
  readonly params: string;
  readonly selector: string;
  readonly nodes: number;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly needsApproval: boolean;
  readonly approvedBy: string | undefined;
  readonly orderId: string | undefined;
  /** E-mail of whose key signed the order. */
  readonly signedBy: string | undefined;
  /** Of the schedule whose turn it was. */
  readonly scheduleId: string | undefined;
  /** Jobs by state, those with at least one. */
  readonly states: Readonly<Partial<Record<JobState, number>>>;
}
