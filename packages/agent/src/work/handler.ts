import type { Job, JobMessage, KindName, ParamValues } from '@stoa/protocol';

/** How one kind of job is done. What it may assume: the job was verified, its parameters are those of its kind. */
export interface JobHandler {
  /**
   * Resolves when the work is done and stands. Ends soon after `job.signal` aborts, in whatever way: the outcome is then
   * told by who aborted it.
   * @throws JobError for a failure with a code of its own; anything else is a failure too.
   */
  run(job: RunningJob): Promise<JobReport>;
}

export interface RunningJob {
  readonly kind: KindName;
  readonly params: ParamValues;
  readonly lease: Job;
  /** As it came: the privileged unit verifies it by itself, and takes no word of this process for it. */
  readonly message: JobMessage;
  /** Cancelled, over its limit, its lease lost, or the agent stops: `reason` is a `JobError`. */
  readonly signal: AbortSignal;
  /** One line of the job's log, which the hub gets: secrets are redacted, equal lines in a row are collapsed. */
  log(line: string): void;
  /** @param percent 0 to 100, undefined where nobody can tell. @param step At most 64 characters. */
  progress(percent: number | undefined, step: string): void;
}

export interface JobReport {
  /** At most 1,200 bytes as JSON. */
  readonly report: Readonly<Record<string, unknown>>;
}

/** The kinds that this build can do. */
export type JobHandlers = { readonly [K in KindName]?: JobHandler };
