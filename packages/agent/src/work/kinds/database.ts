import { describeError } from '#error.ts';
import type { JobHandler, RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import { openBackup } from '#work/kinds/backup-source.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { download } from '#work/kinds/download.ts';
import { awaitDown, awaitTip } from '#work/kinds/node-watch.ts';
import { Stepper } from '#work/kinds/stepper.ts';

/** A seed may be days old: catching up from it takes hours. */
const TIP_MS = 6 * 3_600_000;

interface Incoming {
  readonly input: AsyncIterable<Uint8Array>;
  readonly args?: Readonly<Record<string, unknown>>;
}

export function stoachainReseed(deps: KindDeps): JobHandler {
  return {
    run: (job) => replaceDatabase(deps, job, { input: download(deps, job, String(job.params['url'])) }),
  };
}

export function backupRestore(deps: KindDeps): JobHandler {
  return {
    async run(job) {
      const { sealed, contentKey } = await openBackup(deps, job);
      return replaceDatabase(deps, job, { input: sealed, args: { contentKey } });
    },
  };
}

/** The present database stays beside the new one until that one is at the tip. */
async function replaceDatabase(
  deps: KindDeps,
  job: RunningJob,
  incoming: Incoming,
): Promise<{ report: Readonly<Record<string, unknown>> }> {
  const steps = new Stepper(deps, job);
  try {
    await steps.run('database-unpack', incoming);
  } catch (error) {
    await steps.run('database-discard', { always: true });
    throw error;
  }
  let swapped = false;
  try {
    job.progress(99, 'stop chainweb-node');
    await steps.run('node-stop');
    await awaitDown(deps, job);
    swapped = true;
    await steps.run('database-swap');
    await steps.run('node-start');
    const { height } = await awaitTip(deps, job, { withinMs: TIP_MS });
    await steps.run('database-forget');
    return { report: { sha256: job.params['sha256'], height } };
  } catch (error) {
    const { code, message } = describeError(error);
    job.log(`${code}: ${message}`);
    if (swapped) await putBack(steps, job);
    await steps.run('node-start', { always: true });
    job.signal.throwIfAborted();
    throw new JobError('rolled_back', `${code}: ${message}`.slice(0, 240), error);
  }
}

async function putBack(steps: Stepper, job: RunningJob): Promise<void> {
  job.progress(99, 'put the former database back');
  await steps.run('node-stop', { always: true });
  try {
    await steps.run('database-back', { always: true });
  } catch (error) {
    // Nothing was set aside yet: then the former database is still in its place.
    job.log(describeError(error).message);
  }
}
