import { toHex } from '@stoa/protocol';
import type { Clock } from '#clock.ts';
import { describeError, type ErrorDescription } from '#error.ts';
import type { Told } from '#work/journal.ts';
import type { Held } from '#work/lease-book.ts';
import type { LogStore } from '#work/log-store.ts';
import type { Pause } from '#work/pause-file.ts';
import type { PolicyState } from '#work/policy-file.ts';

/** What `jobs` and `top` show; plain JSON. */
export interface WorkStatus {
  readonly paused: boolean;
  /** End of a maintenance window, ms since 1970; undefined for none. */
  readonly maintenanceUntil: number | undefined;
  readonly policyFile: string;
  /** Why the local policy can't be read; empty where it can. */
  readonly policyFault: string;
  readonly running: readonly RunningStatus[];
  /** The last results, newest first. */
  readonly recent: readonly EndedStatus[];
  /** Results that no hub has acknowledged. */
  readonly waiting: number;
  /** What could not be written. */
  readonly fault: ErrorDescription | undefined;
}

export interface RunningStatus {
  readonly jobId: string;
  readonly attempt: number;
  readonly kind: string;
  readonly percent: number | undefined;
  readonly step: string;
  readonly forMs: number;
  readonly logBytes: number;
}

export interface EndedStatus {
  readonly jobId: string;
  readonly attempt: number;
  readonly kind: string;
  readonly outcome: string;
  readonly code: string;
  readonly message: string;
  readonly durationMs: number;
  readonly number: number;
  /** The hub's receipt is here. */
  readonly acknowledged: boolean;
}

export interface WorkFacts {
  clock: Clock;
  paused: boolean;
  pause: Pause;
  policy: PolicyState;
  policyFile: string;
  held: readonly Held[];
  logs: LogStore;
  told: readonly Told[];
  awaits: (number: number) => boolean;
  pending: number;
  fault: unknown;
}

const RECENT = 20;

export function workStatus(facts: WorkFacts): WorkStatus {
  const { clock, paused, pause, policy, policyFile, held, logs, told, awaits, pending, fault } = facts;
  return {
    paused,
    maintenanceUntil: pause.until > clock.now() ? pause.until : undefined,
    policyFile,
    policyFault: policy.fault,
    running: held.map(({ lease, kind, progress, since }) => ({
      jobId: toHex(lease.jobId),
      attempt: lease.attempt,
      kind,
      ...progress,
      forMs: Math.round(clock.monotonic() - since),
      logBytes: logs.find(lease)?.size ?? 0,
    })),
    recent: told
      .slice(-RECENT)
      .reverse()
      .map(({ result: { jobId, attempt, kind, outcome, code, message, durationMs, number } }) => ({
        jobId: toHex(jobId),
        attempt,
        kind,
        outcome,
        code,
        message,
        durationMs,
        number,
        acknowledged: !awaits(number),
      })),
    waiting: pending,
    fault: fault === undefined ? undefined : describeError(fault),
  };
}
