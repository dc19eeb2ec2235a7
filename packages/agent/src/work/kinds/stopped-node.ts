import { type JobMessage, jobMessage } from '@stoa/protocol';
import { describeError } from '#error.ts';
import type { Log } from '#log.ts';
import { type RecordKind, readRecord, writeRecord } from '#record-line.ts';
import type { JobReport, RunningJob } from '#work/handler.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { stoppedNodeMark } from '#work/kinds/node-data-dir.ts';
import { awaitDown, awaitUp, findNode } from '#work/kinds/node-watch.ts';
import { Stepper } from '#work/kinds/stepper.ts';

/** The job in whose name the node was stopped: by it, and by it alone, root starts the node again. */
const stoppedKind: RecordKind<JobMessage> = { name: 'stoa-stopped-node-1', codec: jobMessage };

/**
 * Does something while chainweb-node is down, and starts it again whatever happens: a failure, a cancelled job, or, by
 * the mark that is on disk before it is stopped, the end of this process.
 */
export async function withNodeStopped(
  deps: KindDeps,
  job: RunningJob,
  work: () => Promise<JobReport>,
): Promise<JobReport> {
  const { disk, config } = deps;
  if ((await findNode(deps, job.signal)).node === undefined) return work();
  const steps = new Stepper(deps, job);
  await writeRecord(disk, stoppedNodeMark(config), stoppedKind, job.message);
  let report: JobReport;
  try {
    job.progress(10, 'stop chainweb-node');
    await steps.run('node-stop');
    await awaitDown(deps, job);
    report = await work();
  } finally {
    job.progress(95, 'start chainweb-node');
    await steps.run('node-start', { always: true });
    await disk.remove(stoppedNodeMark(config));
  }
  await awaitUp(deps, job);
  return report;
}

/** At the start of the agent: starts the node that a job had stopped when the agent or the machine ended. */
export async function resumeStoppedNode(
  deps: Pick<KindDeps, 'disk' | 'config' | 'rootSteps'>,
  log: Pick<Log, 'info' | 'error'>,
): Promise<void> {
  const path = stoppedNodeMark(deps.config);
  try {
    const message = await readRecord(deps.disk, path, stoppedKind);
    if (message === undefined) return;
    const { exitCode } = await deps
      .rootSteps(message)
      .run('node-start', { signal: new AbortController().signal });
    if (exitCode === 0) await deps.disk.remove(path);
    log.info('stopped-node-started', { exitCode });
  } catch (error) {
    log.error('stopped-node-not-started', { ...describeError(error), job: path });
  }
}
