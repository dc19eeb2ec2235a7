import { sleep } from '#clock.ts';
import { networkPath } from '#collectors/chainweb-api.ts';
import { textOf } from '#http.ts';
import type { RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { nodeOf } from '#work/kinds/node-watch.ts';

const ASK_MS = 60_000;
const POLL_MS = 2_000;
/** As chainweb-node names its backups. */
const NAME = /^\d{10,20}$/;

/**
 * A consistent copy of the running node's database, which the node itself makes below its backup directory.
 * @returns the snapshot's name. @throws JobError `snapshot_failed`.
 */
export async function makeSnapshot(deps: KindDeps, job: RunningJob): Promise<string> {
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
  for (;;) {
    const answer = await http.request({ ...common, url: `${base}/check-backup/${name}` });
    const status = textOf(answer).trim();
    if (status === 'backup-done') return name;
    // Before its status file is there, the node knows no such backup.
    if (status === 'backup-failed' || (answer.status !== 200 && answer.status !== 404))
      throw new JobError(
        'snapshot_failed',
        `chainweb-node says ${status || answer.status} of its backup ${name}`,
      );
    job.progress(undefined, 'the node makes a snapshot');
    await sleep(deps.clock, POLL_MS, job.signal);
  }
}
