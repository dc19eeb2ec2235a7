import { describeError } from '#error.ts';
import { RootStepError } from '#root/client.ts';
import type { AftermathStep } from '#root/gate.ts';
import type { RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { awaitUp } from '#work/kinds/node-watch.ts';
import { Stepper } from '#work/kinds/stepper.ts';
import { noteUnsettled } from '#work/kinds/unsettled.ts';

/** Nothing of that job is left to be put back, or nobody may any more. */
const FINAL: ReadonlySet<string> = new Set(['root_no_node', 'root_old_token', 'root_over', 'root_bad_args']);

export interface Exchange<T> {
  /** A whole one: it leaves the node running as before. */
  readonly step: AftermathStep;
  readonly work: () => Promise<T>;
  /** Marks that the work stands, in one with what is still to be tidied then. */
  readonly stands?: () => Promise<void>;
}

/**
 * Does something that must not be left half done, and has root put it back where it fails, is cancelled or, by the mark
 * that is on disk before it begins, ends with this process.
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
export function withRollback<T>(deps: KindDeps, job: RunningJob, exchange: Exchange<T>): Promise<T> {
  const told = async (error: unknown): Promise<JobError> => {
    job.signal.throwIfAborted();
    await awaitUp(deps, job);
    const { code, message } = describeError(error);
    return new JobError('rolled_back', `${code}: ${message}`.slice(0, 240), error);
  };
  return marked(deps, job, { ...exchange, told });
}

async function marked<T>(
  deps: KindDeps,
  job: RunningJob,
  by: Exchange<T> & {
    /** What is thrown once all is as before, instead of the failure itself. */
    told: (error: unknown) => unknown;
  },
): Promise<T> {
  const { step, work, told } = by;
  const stands = by.stands ?? (() => noteUnsettled(deps, job.message, { step: undefined }));
  await noteUnsettled(deps, job.message, { step });
  try {
    const done = await work();
    await stands();
    return done;
  } catch (error) {
    const { code, message } = describeError(error);
    job.log(`${code}: ${message}`);
    job.progress(95, 'put back what was before');
    const isBack = await putBack(deps, job, step);
    await noteUnsettled(deps, job.message, { step: undefined });
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

export function isFinal(error: unknown): error is RootStepError {
  return error instanceof RootStepError && FINAL.has(error.code);
}
