import type { Viewer } from '#accounts/index.ts';
import type { Bus } from '../../bus.ts';
import type { Clock } from '../../clock.ts';
import { type LiveSource, partial } from '../../console/live.ts';
import type { JobLogs } from '../job-logs.ts';
import type { JobReader } from '../job-reader.ts';
import { isOver } from '../state.ts';
import { BATCH_HEAD, BatchHead } from './batch-page.tsx';
import { JOB_HEAD, JobHead } from './job-page.tsx';
import { LogTail, logId, readTail } from './log-tail.tsx';
import { JobStatus, statusId } from './parts.tsx';

/** What many readers are shown alike is read as the hub itself: each was admitted to it. */
const HUB: Viewer = {
  accountId: 'hub',
  email: 'hub',
  tier: 'ancient',
  confirmedAt: 0,
  keyScopes: undefined,
};
/** What another instance moved is looked up again after so long. */
const RELOAD_MS = 5_000;
/** Logs grow without a word. */
const LOG_MS = 1_000;

export interface JobSourcesDeps {
  readonly reader: JobReader;
  readonly logs: JobLogs;
  readonly bus: Bus;
  readonly clock: Pick<Clock, 'now'>;
}

/** What pages about jobs watch: `job` (its status in a list), `jobHead`, `jobLog` by job id, `batch` by its id. */
export function jobSources({ reader, logs, bus, clock }: JobSourcesDeps): LiveSource[] {
  const admit = async (viewer: Viewer, ids: readonly string[]) =>
    (await reader.byIds(viewer, ids)).map(({ jobId }) => jobId);
  const due = (everyMs = RELOAD_MS) => new Due({ bus, clock, everyMs });
  return [
    polled('job', admit, due(), async (ids) => {
      const jobs = await reader.byIds(HUB, ids);
      return jobs.map((job) => [job.jobId, partial(statusId(job.jobId), String(<JobStatus job={job} />))]);
    }),
    polled('jobHead', admit, due(), async (ids) => {
      const jobs = await Promise.all(ids.map((id) => reader.show(HUB, id)));
      return jobs.flatMap((job) =>
        job === undefined
          ? []
          : [
              [
                job.jobId,
                partial(JOB_HEAD, String(<JobHead job={job} now={clock.now()} anew={isOver(job.state)} />)),
              ],
            ],
      );
    }),
    polled('jobLog', admit, due(LOG_MS), (ids) =>
      Promise.all(
        ids.map(async (id): Promise<[string, string]> => {
          const text = await readTail(logs, id);
          return [id, partial(logId(id), String(<LogTail jobId={id} text={text} />))];
        }),
      ),
    ),
    polled(
      'batch',
      async (viewer, ids) => {
        const seen = await Promise.all(ids.map((id) => reader.batch(viewer, id)));
        return seen.flatMap((batch) => (batch === undefined ? [] : [batch.batchId]));
      },
      due(),
      async (ids) => {
        const batches = await Promise.all(ids.map((id) => reader.batch(HUB, id)));
        return batches.flatMap((batch) =>
          batch === undefined
            ? []
            : [[batch.batchId, partial(BATCH_HEAD, String(<BatchHead batch={batch} />))]],
        );
      },
    ),
  ];
}

function polled(
  name: string,
  admit: LiveSource['admit'],
  due: Due,
  render: (ids: readonly string[]) => Promise<readonly (readonly [string, string])[]>,
): LiveSource {
  return {
    name,
    admit,
    async changes(watched, wanted) {
      const ids = due.of(watched, wanted);
      return new Map(ids.length === 0 ? [] : ((await render(ids)) as [string, string][]));
    },
  };
}

/** Which of the watched are to be looked up now: what moved here, and in a slow round the rest. */
class Due {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #everyMs: number;
  #moved = false;
  #roundAt = 0;

  constructor(by: { bus: Bus; clock: Pick<Clock, 'now'>; everyMs: number }) {
    this.#clock = by.clock;
    this.#everyMs = by.everyMs;
    by.bus.subscribe('jobs', () => {
      this.#moved = true;
    });
  }

  of(watched: ReadonlySet<string>, wanted: ReadonlySet<string>): string[] {
    const now = this.#clock.now();
    if (!this.#moved && now - this.#roundAt < this.#everyMs)
      return [...watched].filter((id) => wanted.has(id));
    this.#moved = false;
    this.#roundAt = now;
    return [...watched];
  }
}
