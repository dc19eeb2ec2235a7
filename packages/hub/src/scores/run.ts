import type { HwType, Measured } from '@stoa/protocol/stoicism';

/** What an admin said of the figures above the caps. Times are milliseconds since 1970. */
export interface Decision {
  readonly word: 'accepted' | 'refused';
  readonly by: string;
  readonly at: number;
  readonly reason: string;
}

export interface RunName {
  readonly jobId: string;
  readonly attempt: number;
}

/** One successful benchmark of a node. */
export interface BenchmarkRun extends RunName {
  readonly nodeId: string;
  readonly endedAt: number;
  readonly measured: Measured;
  readonly hwType: HwType;
  readonly committedGb: number;
  /** Why it can't be scored; empty where it can. */
  readonly fault: string;
  readonly decision: Decision | undefined;
}

export const CAUSES = ['benchmark', 'baselines', 'review'] as const;
export type Cause = (typeof CAUSES)[number];

/** One ServerScore of a node, from an hour on. */
export interface StoredScore extends RunName {
  readonly nodeId: string;
  readonly version: number;
  readonly hubHour: number;
  /** Whole 1e-6. */
  readonly micro: number;
  readonly reviewMicro: number;
  readonly cause: Cause;
  readonly baselineVersion: number;
  readonly committedGb: number;
  readonly at: number;
}
