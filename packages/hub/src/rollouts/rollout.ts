import type { Course, GateCheck } from './plan/index.ts';

/** One ring, as the last step counted it. */
export interface RingProgress {
  readonly ring: number;
  readonly nodes: number;
  readonly waiting: number;
  readonly flying: number;
  readonly deferred: number;
  readonly confirmed: number;
  readonly failed: number;
  /** Refused, given up, or current before anybody asked. */
  readonly others: number;
}

/** What a step saw and judged: what the pages show. */
export interface RolloutEvidence {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly checks: readonly GateCheck[];
  readonly rings: readonly RingProgress[];
  readonly setAside: readonly string[];
  readonly failing: readonly { readonly owner: string; readonly failed: number; readonly nodes: number }[];
  /** What would have halted a release that mends a security fault. */
  readonly warning?: string;
  /** Nothing is judged: too much of the fleet is silent at once, so it is the hub that does not hear. */
  readonly deaf: boolean;
  readonly perMinute: number;
}

export type RolloutKind = 'payload' | 'runtime';

export interface Rollout {
  readonly rolloutId: string;
  readonly kind: RolloutKind;
  readonly version: string;
  readonly targetsVersion: number;
  readonly platforms: readonly string[];
  readonly security: boolean;
  readonly downgrade: boolean;
  readonly course: Course;
  readonly revision: number;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly lifted: readonly string[];
  readonly evidence: RolloutEvidence | undefined;
}
