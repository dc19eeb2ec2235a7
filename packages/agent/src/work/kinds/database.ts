import type { JobHandler, RunningJob } from '#work/handler.ts';
import { withRollback } from '#work/kinds/aftermath.ts';
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
    const { height } = await withRollback(deps, job, {
      step: 'database-back',
      work: async () => {
        job.progress(99, 'stop chainweb-node');
        await steps.run('node-stop');
        await awaitDown(deps, job);
        await steps.run('database-swap');
        await steps.run('node-start');
        return awaitTip(deps, job, { withinMs: TIP_MS });
      },
    });
    await steps.run('database-forget');
    return { report: { sha256: job.params['sha256'], height } };
  } catch (error) {
    await steps.tidy('database-discard');
    throw error;
  }
}
