import { sleep } from '#clock.ts';
import { networkPath } from '#collectors/chainweb-api.ts';
import { textOf } from '#http.ts';
import type { RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { nodeOf } from '#work/kinds/node-watch.ts';
import type { Stepper } from '#work/kinds/stepper.ts';

const ASK_MS = 60_000;
const POLL_MS = 2_000;
/** As chainweb-node names its backups. */
const NAME = /^\d{10,20}$/;

/**
 * A consistent copy of the running node's database, which the node itself makes below its backup directory. One that fails
 * or is not waited for is removed.
 * @returns the snapshot's name. @throws JobError `snapshot_failed`.
 */
export async function makeSnapshot(deps: KindDeps, job: RunningJob, steps: Stepper): Promise<string> {
  const { http, serviceUrl, network } = nodeOf(deps);
  const base = `${serviceUrl}${networkPath(network)}`;
  const common = { timeoutMs: ASK_MS, signal: job.signal };
  const asked = await http.request({ ...common, method: 'POST', url: `${base}/make-backup?backupPact` });
  const name = textOf(asked).trim();
  if (asked.status === 404)
    throw new JobError(
      'snapshot_failed',
      'chainweb-node makes no backups: start it with --enable-backup-api and --backup-directory',
    );
  if (asked.status >= 300 || !NAME.test(name))
    throw new JobError(
      'snapshot_failed',
      `chainweb-node answered ${asked.status} when it was asked for a backup`,
    );
  try {
    await awaitDone(deps, job, `${base}/check-backup/${name}`);
    return name;
  } catch (error) {
    await steps.tidy('snapshot-remove', { args: { snapshot: name } });
    throw error;
  }
}

async function awaitDone({ nodeHttp, clock }: KindDeps, job: RunningJob, url: string): Promise<void> {
  for (;;) {
    const answer = await nodeHttp.request({ url, timeoutMs: ASK_MS, signal: job.signal });
    const status = textOf(answer).trim();
    if (status === 'backup-done') return;
    // Before its status file is there, the node knows no such backup.
    if (status === 'backup-failed' || (answer.status !== 200 && answer.status !== 404))
      throw new JobError('snapshot_failed', `chainweb-node says ${status || answer.status} of its backup`);
    job.progress(undefined, 'the node makes a snapshot');
    await sleep(clock, POLL_MS, job.signal);
  }
}
