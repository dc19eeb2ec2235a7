import { sleep } from '#clock.ts';
import { networkPath } from '#collectors/chainweb-api.ts';
import { describeError } from '#error.ts';
import { type Http, textOf } from '#http.ts';
import type { RunningJob } from '#work/handler.ts';
import { JobError } from '#work/job-error.ts';
import { backupDirectory, findUnfinished } from '#work/kinds/archive-file.ts';
import type { KindDeps } from '#work/kinds/deps.ts';
import { nodeOf } from '#work/kinds/node-watch.ts';
import type { Stepper } from '#work/kinds/stepper.ts';
import { type AskedSnapshot, leftSnapshot, noteUnsettled } from '#work/kinds/unsettled.ts';

const ASK_MS = 60_000;
const POLL_MS = 2_000;
/** As chainweb-node names its backups: microseconds since 1970. */
const NAME = /^\d{10,20}$/;

type Deps = Pick<KindDeps, 'clock' | 'disk' | 'config' | 'nodeHttp'>;

/** Somebody answers for it: unless it is kept or removed, the agent's next start removes it. */
export class Snapshot {
  readonly name: string;
  readonly #deps: Pick<KindDeps, 'disk' | 'config'>;
  readonly #job: RunningJob;
  readonly #steps: Stepper;
  readonly #asked: AskedSnapshot;
  #kept = false;

  constructor(
    deps: Pick<KindDeps, 'disk' | 'config'>,
    job: RunningJob,
    by: { steps: Stepper; asked: AskedSnapshot },
  ) {
    this.name = by.asked.name;
    this.#deps = deps;
    this.#job = job;
    this.#steps = by.steps;
    this.#asked = by.asked;
  }

  /** It stays, whatever becomes of this process. */
  async keep(): Promise<void> {
    this.#kept = true;
    await noteUnsettled(this.#deps, this.#job.message, { snapshot: undefined });
  }

  /** Kept no longer, since what it was kept for stands: one mark for both, and until it is written neither. */
  async dismiss(): Promise<void> {
    await noteUnsettled(this.#deps, this.#job.message, { step: undefined, snapshot: this.#asked });
    this.#kept = false;
  }

  /** Unless it is kept; after a failure and a cancel too. What can't be removed now stays marked. */
  async remove(): Promise<void> {
    if (this.#kept) return;
    const removed = await this.#steps.tidy('snapshot-remove', { args: { snapshot: this.name } });
    if (removed) await noteUnsettled(this.#deps, this.#job.message, { snapshot: undefined });
  }
}

/** One that is there already, from now on for this job to remove. */
export async function adoptSnapshot(
  deps: Pick<KindDeps, 'disk' | 'config'>,
  job: RunningJob,
  { steps, name }: { steps: Stepper; name: string },
): Promise<Snapshot> {
  const asked = { since: 0, name };
  await introduce(deps, job, steps);
  await noteUnsettled(deps, job.message, { snapshot: asked });
  return new Snapshot(deps, job, { steps, asked });
}

/**
 * A consistent copy of the running node's database, which the node itself makes below its backup directory. It is marked
 * before the node is asked; one that fails or is not waited for is removed.
 * @throws JobError `snapshot_failed`.
 */
export async function makeSnapshot(deps: Deps, job: RunningJob, steps: Stepper): Promise<Snapshot> {
  await introduce(deps, job, steps);
  const { http, serviceUrl, network } = nodeOf(deps);
  const base = `${serviceUrl}${networkPath(network)}`;
  let asked = { since: deps.clock.now(), name: '' };
  await noteUnsettled(deps, job.message, { snapshot: asked });
  try {
    asked = { ...asked, name: await ask(http, `${base}/make-backup?backupPact`, job.signal) };
    await noteUnsettled(deps, job.message, { snapshot: asked });
    await awaitDone(deps, job, `${base}/check-backup/${asked.name}`);
  } catch (error) {
    await removeAsked(steps, asked).then(
      () => noteUnsettled(deps, job.message, { snapshot: undefined }),
      (left: unknown) => job.log(describeError(left).message),
    );
    throw error;
  }
  return new Snapshot(deps, job, { steps, asked });
}

/**
 * Root knows the job then, and tidies up after it whatever becomes of its order; and no longer after the job before, so
 * what that one could not remove is this one's to remove.
 */
async function introduce(
  deps: Pick<KindDeps, 'disk' | 'config'>,
  job: RunningJob,
  steps: Stepper,
): Promise<void> {
  await steps.run('snapshot-list');
  const left = await leftSnapshot(deps, job.message);
  if (left === undefined) return;
  await noteUnsettled(deps, job.message, { snapshot: left });
  await removeUnneeded(deps, steps, left);
}

/** The next attempt at a backup goes on with an archive that was cut, and needs the same snapshot. */
export async function removeUnneeded(
  { config }: Pick<KindDeps, 'config'>,
  steps: Stepper,
  asked: AskedSnapshot,
): Promise<void> {
  const unfinished = await findUnfinished(backupDirectory(config));
  if (unfinished?.header.snapshot !== asked.name) await removeAsked(steps, asked);
}

/** What the node has made at this request: where it could not tell its name, by when that was. */
async function removeAsked(steps: Stepper, { since, name }: AskedSnapshot): Promise<void> {
  const names = name === '' ? (await listed(steps)).filter((one) => isMadeAt(one, since)) : [name];
  for (const snapshot of names) await steps.run('snapshot-remove', { args: { snapshot }, always: true });
}

async function listed(steps: Stepper): Promise<string[]> {
  const names: string[] = [];
  await steps.run('snapshot-list', { always: true, onLine: (line) => names.push(line) });
  return names.filter((name) => NAME.test(name));
}

function isMadeAt(name: string, since: number): boolean {
  const at = Number(name) / 1000;
  return at >= since && at <= since + ASK_MS;
}

async function ask(http: Http, url: string, signal: AbortSignal): Promise<string> {
  const answer = await http.request({ method: 'POST', url, timeoutMs: ASK_MS, signal });
  const name = textOf(answer).trim();
  if (answer.status === 404)
    throw new JobError(
      'snapshot_failed',
      'chainweb-node makes no backups: start it with --enable-backup-api and --backup-directory',
    );
  if (answer.status >= 300 || !NAME.test(name))
    throw new JobError(
      'snapshot_failed',
      `chainweb-node answered ${answer.status} when it was asked for a backup`,
    );
  return name;
}

async function awaitDone({ nodeHttp, clock }: Deps, job: RunningJob, url: string): Promise<void> {
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
