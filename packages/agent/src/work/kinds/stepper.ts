import { describeError } from '#error.ts';
import type { RootSteps, StepRun } from '#root/client.ts';
import type { StepName } from '#root/steps.ts';
import type { RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import type { KindDeps } from '#work/kinds/deps.ts';

type Extras = Pick<StepRun, 'args' | 'input' | 'onBytes'> & {
  /** Instead of the log alone. */
  readonly onLine?: (line: string) => void;
  /** Also after the job was cancelled: to put things right again. */
  readonly always?: boolean;
};

type StepperJob = Pick<RunningJob, 'message' | 'log' | 'signal'>;

/** The root steps of one job, with what they say in its log. */
export class Stepper {
  readonly #steps: RootSteps;
  readonly #job: StepperJob;

  constructor(deps: Pick<KindDeps, 'rootSteps'>, job: StepperJob) {
    this.#steps = deps.rootSteps(job.message);
    this.#job = job;
  }

  /** @throws JobError `step_failed` for any exit code but 0, RootStepError for a refusal. */
  async run(step: StepName, { always = false, onLine, ...extras }: Extras = {}): Promise<void> {
    const job = this.#job;
    job.log(`== ${step}`);
    const { exitCode } = await this.#steps.run(step, {
      ...extras,
      signal: always ? NEVER : job.signal,
      onLine: (line) => {
        job.log(line);
        onLine?.(line);
      },
    });
    if (exitCode !== 0)
      throw new JobError('step_failed', `${step} ended with ${exitCode}: see the log of the job`);
  }

  /**
   * Also after a failure or a cancel: what can't be tidied is told in the log, and the job ends as it would.
   * @returns whether it was done.
   */
  async tidy(step: StepName, extras: Pick<Extras, 'args'> = {}): Promise<boolean> {
    try {
      await this.run(step, { ...extras, always: true });
      return true;
    } catch (error) {
      this.#job.log(describeError(error).message);
      return false;
    }
  }

  /** What a step says in one line of JSON. */
  async read<T>(step: StepName): Promise<T> {
    let last = '';
    await this.run(step, { onLine: (line) => (last = line) });
    try {
      return JSON.parse(last) as T;
    } catch (cause) {
      throw new JobError('step_failed', `${step} did not say what was asked`, cause);
    }
  }
}

const NEVER: AbortSignal = new AbortController().signal;
