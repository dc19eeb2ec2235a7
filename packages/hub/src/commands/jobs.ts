import { relative } from '../console/format.ts';
import { HubError } from '../error.ts';
import {
  isUuid,
  JOB_STATES,
  type JobChoice,
  type JobCursor,
  type JobFilter,
  type JobState,
  type JobSummary,
} from '../jobs/index.ts';
import type { CommandContext } from './context.ts';
import { withJobs } from './job-tools.ts';
import { printable, table } from './table.ts';

export interface JobListOptions {
  readonly state?: readonly string[];
  readonly kind?: string;
  readonly batch?: string;
  readonly node?: string;
  readonly limit: string;
}

/** `stoa-hub jobs ls`. */
export async function listJobs(context: CommandContext, options: JobListOptions): Promise<void> {
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000_000)
    throw badOption(`--limit=${options.limit}: a whole number from 1 to 1000000 expected`);
  const filter = filterOf(options);
  await withJobs(context, async ({ reader, viewer, now }) => {
    const jobs: JobSummary[] = [];
    let next: JobCursor | undefined;
    do {
      const page = await reader.list(viewer, filter, next);
      jobs.push(...page.jobs);
      next = page.next;
    } while (next !== undefined && jobs.length < limit);
    const more = next !== undefined || jobs.length > limit;
    const shown = jobs.slice(0, limit);
    if (context.json) {
      context.out(JSON.stringify({ jobs: shown, more }));
      return;
    }
    if (shown.length === 0) context.out('No job matches.');
    const head = ['STATE', 'KIND', 'NODE', 'ATTEMPT', 'CODE', 'SUBMITTED', 'ID'];
    const rows = shown.map((job) => [
      job.held ? 'held' : job.state,
      job.kind,
      job.label,
      `${job.attempt}/${job.maxAttempts}`,
      job.code || '–',
      relative(job.createdAt, now()),
      job.jobId,
    ]);
    for (const line of table(head, rows)) context.out(line);
    if (more) context.out('… and more: --limit shows them');
  });
}

/** `stoa-hub jobs show`. */
export async function showJob(context: CommandContext, id: string): Promise<void> {
  await withJobs(context, async ({ reader, viewer }) => {
    const job = await reader.show(viewer, requireId(id));
    if (job === undefined) throw unknownJob(id);
    const receipts = await reader.receipts(job.jobId);
    if (context.json) {
      context.out(JSON.stringify({ ...job, receipts }));
      return;
    }
    for (const [key, value] of Object.entries(job))
      if (value !== undefined && value !== '') context.out(`${key.padEnd(14)}${printable(String(value))}`);
    for (const { attempt, outcome, taken, number, code } of receipts)
      context.out(
        `receipt       attempt ${attempt}: ${outcome}${code && ` (${code})`}, ${taken}, number ${number} of the node`,
      );
  });
}

/** `stoa-hub jobs logs`. */
export async function printLog(
  context: CommandContext,
  id: string,
  { follow }: { follow: boolean },
): Promise<void> {
  await withJobs(context, async ({ reader, logs, viewer }) => {
    const job = await reader.show(viewer, requireId(id));
    if (job === undefined) throw unknownJob(id);
    const { stdout, signal } = context;
    if (follow) {
      for await (const piece of logs.follow(job.jobId, 0, signal)) stdout.write(piece);
      return;
    }
    const log = await logs.open(job.jobId);
    if (log === undefined)
      throw new HubError('log_away', `the instance that has the log of ${id} does not answer: try again`, {
        retry: true,
      });
    if (log.size > 0) for await (const piece of log.bytes(0, log.size - 1)) stdout.write(piece);
  });
}

/** `stoa-hub jobs cancel`: of one job or of a batch. */
export async function cancelJobs(context: CommandContext, id: string): Promise<void> {
  await withJobs(context, async ({ desk, reader, viewer }) => {
    const cancelled = await desk.cancel(viewer, await chosen(reader, viewer, id));
    context.out(context.json ? JSON.stringify({ cancelled }) : `${cancelled} asked to end.`);
  });
}

/** `stoa-hub jobs retry`. */
export async function retryJobs(context: CommandContext, id: string): Promise<void> {
  await withJobs(context, async ({ desk, reader, viewer }) => {
    const retried = await desk.retry(viewer, await chosen(reader, viewer, id));
    context.out(context.json ? JSON.stringify({ retried }) : `${retried} queued anew.`);
  });
}

async function chosen(
  reader: Parameters<Parameters<typeof withJobs>[1]>[0]['reader'],
  viewer: Parameters<typeof reader.show>[0],
  id: string,
): Promise<JobChoice> {
  if ((await reader.show(viewer, requireId(id))) !== undefined) return { jobIds: [id] };
  if ((await reader.batch(viewer, id)) !== undefined) return { batchId: id };
  throw unknownJob(id);
}

function filterOf({ state, kind, batch, node }: JobListOptions): JobFilter {
  const wrong = state?.find((name) => !(JOB_STATES as readonly string[]).includes(name));
  if (wrong !== undefined) throw badOption(`--state=${wrong}: one of ${JOB_STATES.join(', ')} expected`);
  return {
    ...(state && { states: state as readonly JobState[] }),
    ...(kind && { kind }),
    ...(batch && { batchId: batch }),
    ...(node && { nodeId: node }),
  };
}

function requireId(id: string): string {
  if (isUuid(id)) return id;
  throw badOption(`'${id}' is no id of a job: stoa-hub jobs ls shows them`);
}

function unknownJob(id: string): HubError {
  return new HubError('not_found', `there is no job or batch ${id}: stoa-hub jobs ls lists them`, {
    retry: false,
  });
}

function badOption(message: string): HubError {
  return new HubError('bad_option', message, { retry: false });
}
