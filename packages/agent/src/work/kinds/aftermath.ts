import { type JobMessage, jobMessage, oneOf, record } from '@stoa/protocol';
import { describeError } from '#error.ts';
import type { Log } from '#log.ts';
import { type RecordKind, readRecord, writeRecord } from '#record-line.ts';
import { RootStepError } from '#root/client.ts';
import { AFTERMATH_STEPS, type AftermathStep } from '#root/gate.ts';
import type { RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { unsettledMark } from '#work/kinds/node-data-dir.ts';
import { awaitUp } from '#work/kinds/node-watch.ts';
import { Stepper } from '#work/kinds/stepper.ts';

/** By the message of that job, and by it alone, root puts back what it has changed. */
interface Unsettled {
  readonly message: JobMessage;
  readonly step: AftermathStep;
}

const unsettledKind: RecordKind<Unsettled> = {
  name: 'stoa-unsettled-1',
  codec: record({ message: jobMessage, step: oneOf(...AFTERMATH_STEPS) }),
};
/** Nothing of that job is left to be put back, or nobody may any more. */
const FINAL: ReadonlySet<string> = new Set(['root_no_node', 'root_old_token', 'root_over', 'root_bad_args']);

/**
 * Does something that must not be left half done, and has root put it back where it fails, is cancelled or, by the mark
 * that is on disk before it begins, ends with this process. The step is a whole one: it leaves the node running as before.
 */
export function withAftermath<T>(
  deps: KindDeps,
  job: RunningJob,
  step: AftermathStep,
  work: () => Promise<T>,
): Promise<T> {
  return marked(deps, job, { step, work, told: (error) => error });
}

/** The same. @throws JobError `rolled_back` with the reason (F35): the node runs as before. */
export function withRollback<T>(
  deps: KindDeps,
  job: RunningJob,
  step: AftermathStep,
  work: () => Promise<T>,
): Promise<T> {
  const told = async (error: unknown): Promise<JobError> => {
    job.signal.throwIfAborted();
    await awaitUp(deps, job);
    const { code, message } = describeError(error);
    return new JobError('rolled_back', `${code}: ${message}`.slice(0, 240), error);
  };
  return marked(deps, job, { step, work, told });
}

async function marked<T>(
  deps: KindDeps,
  job: RunningJob,
  by: {
    step: AftermathStep;
    work: () => Promise<T>;
    /** What is thrown once all is as before, instead of the failure itself. */
    told: (error: unknown) => unknown;
  },
): Promise<T> {
  const { disk, config } = deps;
  const { step, work, told } = by;
  await writeRecord(disk, unsettledMark(config), unsettledKind, { message: job.message, step });
  try {
    const done = await work();
    await disk.remove(unsettledMark(config));
    return done;
  } catch (error) {
    const { code, message } = describeError(error);
    job.log(`${code}: ${message}`);
    job.progress(95, 'put back what was before');
    const isBack = await putBack(deps, job, step);
    await disk.remove(unsettledMark(config));
    throw isBack ? await told(error) : error;
  }
}

/** Whether there was anything to be put back. */
async function putBack(deps: KindDeps, job: RunningJob, step: AftermathStep): Promise<boolean> {
  try {
    await new Stepper(deps, job).run(step, { always: true });
    return true;
  } catch (error) {
    if (!isFinal(error)) throw error;
    job.log(error.message);
    return false;
  }
}

function isFinal(error: unknown): error is RootStepError {
  return error instanceof RootStepError && FINAL.has(error.code);
}

/** At the start of the agent: puts back what a job had under way when the agent or the machine ended. */
export async function settle(
  deps: Pick<KindDeps, 'disk' | 'config' | 'rootSteps'>,
  log: Pick<Log, 'info' | 'error'>,
): Promise<void> {
  const path = unsettledMark(deps.config);
  try {
    const unsettled = await readRecord(deps.disk, path, unsettledKind);
    if (unsettled === undefined) return;
    const { message, step } = unsettled;
    const { exitCode } = await deps.rootSteps(message).run(step, { signal: new AbortController().signal });
    if (exitCode === 0) await deps.disk.remove(path);
    log.info('job-put-back', { step, exitCode });
  } catch (error) {
    log.error('job-not-put-back', { ...describeError(error), job: path });
    if (isFinal(error)) await deps.disk.remove(path);
  }
}
