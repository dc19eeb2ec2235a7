import type { JobReport, RunningJob } from '#work/handler.ts';
import { withAftermath } from '#work/kinds/aftermath.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { awaitDown, awaitUp, findNode } from '#work/kinds/node-watch.ts';
import { Stepper } from '#work/kinds/stepper.ts';

/** Does something while chainweb-node is down, and starts it again whatever happens. */
export async function withNodeStopped(
  deps: KindDeps,
  job: RunningJob,
  work: () => Promise<JobReport>,
): Promise<JobReport> {
  if ((await findNode(deps, job.signal)).node === undefined) return work();
  const steps = new Stepper(deps, job);
  const report = await withAftermath(deps, job, 'node-start', async () => {
    job.progress(10, 'stop chainweb-node');
    await steps.run('node-stop');
    await awaitDown(deps, job);
    const done = await work();
    job.progress(95, 'start chainweb-node');
    await steps.run('node-start');
    return done;
  });
  await awaitUp(deps, job);
  return report;
}
