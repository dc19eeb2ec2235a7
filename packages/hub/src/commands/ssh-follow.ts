import { setTimeout as sleep } from 'node:timers/promises';
import { HubError } from '../error.ts';
import { isOver, type JobDetail } from '../jobs/index.ts';
import type { CommandContext } from './context.ts';
import type { JobBench } from './job-tools.ts';
import { printable } from './table.ts';

export interface Submitted {
  readonly jobId: string;
  /** Host or node. */
  readonly place: string;
}

/** A host for which nothing could be asked. */
export interface Refused {
  readonly place: string;
  readonly error: HubError;
}

const LOOK_MS = 500;

/**
 * Tells the steps of jobs until each is over; they go on without it where it is interrupted.
 * @param by.refused counts as failed, beside the others.
 * @throws HubError `jobs_failed` where not all succeeded; where one host was all, what it was refused by.
 */
export async function followSshJobs(
  context: CommandContext,
  jobs: Pick<JobBench, 'reader' | 'viewer'>,
  by: { submitted: readonly Submitted[]; refused?: readonly Refused[]; wait: boolean },
): Promise<void> {
  const { json, out } = context;
  const { submitted, refused = [], wait } = by;
  const [only, ...others] = refused;
  if (submitted.length === 0 && only !== undefined && others.length === 0) throw only.error;
  const unasked = refused.map(({ place, error: { code, message } }) => ({
    ...{ place, state: 'refused', code, message },
  }));
  if (!json) for (const { place, code, message } of unasked) out(`${place}: refused, ${code}: ${message}`);
  if (!wait) {
    if (json) out(JSON.stringify({ jobs: [...submitted, ...unasked] }));
    else for (const { jobId, place } of submitted) out(`${place}: queued as job ${jobId}`);
    if (refused.length > 0) throw notAll(refused.length, submitted.length + refused.length);
    return;
  }
  const ended = await untilOver(context, jobs, submitted);
  const told = submitted.map(({ jobId, place }) => endOf(jobId, place, ended.get(jobId)));
  if (json) out(JSON.stringify({ jobs: [...told, ...unasked] }));
  const failed = told.filter(({ state }) => state !== 'succeeded');
  if (failed.length + refused.length > 0)
    throw notAll(failed.length + refused.length, told.length + refused.length, failed[0]?.jobId);
}

function notAll(failed: number, all: number, jobId?: string): HubError {
  const why = jobId === undefined ? 'each says why above' : `stoa-hub jobs logs ${jobId} tells why`;
  return new HubError('jobs_failed', `${failed} of ${all} did not succeed: ${why}`, { retry: false });
}

async function untilOver(
  { json, out, signal }: CommandContext,
  jobs: Pick<JobBench, 'reader' | 'viewer'>,
  submitted: readonly Submitted[],
): Promise<ReadonlyMap<string, JobDetail>> {
  const said = new Map<string, string>();
  const ended = new Map<string, JobDetail>();
  for (;;) {
    for (const { jobId, place } of submitted.filter((each) => !ended.has(each.jobId))) {
      const job = await show(jobs, jobId);
      const says = `${place}: ${printable(sayingOf(job))}`;
      if (!json && says !== said.get(jobId)) out(says);
      said.set(jobId, says);
      if (isOver(job.state)) ended.set(jobId, job);
    }
    if (ended.size === submitted.length || signal.aborted) return ended;
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function show(
  { reader, viewer }: Pick<JobBench, 'reader' | 'viewer'>,
  jobId: string,
): Promise<JobDetail> {
  const job = await reader.show(viewer, jobId);
  if (job === undefined) throw new HubError('not_found', `job ${jobId} is gone`, { retry: false });
  return job;
}

function sayingOf(job: JobDetail): string {
  if (job.state === 'succeeded') return `done: node ${job.nodeId}`;
  if (isOver(job.state)) return `${job.state}, ${job.code}: ${job.message}`;
  if (job.state === 'queued')
    return job.attempt === 0 ? 'queued' : `queued again after attempt ${job.attempt}: ${job.message}`;
  return `${job.progress ?? 0} % ${job.step}`;
}

function endOf(jobId: string, place: string, job: JobDetail | undefined) {
  if (job === undefined) return { jobId, place, state: 'not followed to its end' };
  const { state, code, message, nodeId } = job;
  return { jobId, place, state, code, message, nodeId };
}
