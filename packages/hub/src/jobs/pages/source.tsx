import type { Bus } from '../../bus.ts';
import type { Clock } from '../../clock.ts';
import { type LiveSource, partial } from '../../console/live.ts';
import { audienceOf, EVERYTHING, type Viewer } from '../../viewer.ts';
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

/** Names a batch as its reader sees it: its head counts the jobs of their nodes alone. */
export function batchKey(viewer: Viewer, batchId: string): string {
  return `${batchId}.${audienceOf(viewer)}`;
}

/** What pages about jobs watch: `job` (its status in a list), `jobHead`, `jobLog` by job id, `batch` by `batchKey`. */
export function jobSources({ reader, logs, bus, clock }: JobSourcesDeps): LiveSource[] {
  const admit = async (viewer: Viewer, ids: readonly string[]) =>
    (await reader.byIds(viewer, ids)).map(({ jobId }) => jobId);
  const due = (everyMs = RELOAD_MS, looks: Looks = 'moved') => new Due({ bus, clock, everyMs, looks });
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
      async (viewer, keys) => {
        const mine = keys.filter((key) => key === batchKey(viewer, idOf(key)));
        const seen = await Promise.all(mine.map((key) => reader.batch(viewer, idOf(key))));
        return mine.filter((_, i) => seen[i] !== undefined);
      },
      due(RELOAD_MS, 'all'),
      async (keys) => {
        const batches = await Promise.all(keys.map((key) => reader.batch(readerOf(key), idOf(key))));
        return batches.flatMap((batch, i) =>
          batch === undefined
            ? []
            : [[keys[i]!, partial(BATCH_HEAD, String(<BatchHead batch={batch} pushed />))]],
        );
      },
    ),
  ];
}

function idOf(key: string): string {
  return key.slice(0, key.indexOf('.'));
}

/** Whoever sees what the audience of this key sees. */
function readerOf(key: string): Viewer {
  const audience = key.slice(key.indexOf('.') + 1);
  return audience === EVERYTHING ? HUB : { ...HUB, accountId: audience, email: audience, tier: 'operator' };
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

/** After a move: the jobs that moved, or all that is watched, where it is not jobs. */
type Looks = 'moved' | 'all';
/** Nobody may be watching for long, and all of a fleet moves: beyond it everything watched is looked up. */
const MOST_MOVED = 20_000;

/** Which of the watched are to be looked up now: what moved here, and in a slow round the rest. */
class Due {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #everyMs: number;
  readonly #looks: Looks;
  readonly #moved = new Set<string>();
  #roundAt = 0;

  constructor(by: { bus: Bus; clock: Pick<Clock, 'now'>; everyMs: number; looks: Looks }) {
    this.#clock = by.clock;
    this.#everyMs = by.everyMs;
    this.#looks = by.looks;
    by.bus.subscribe('jobs', ({ ids }) => {
      if (this.#moved.size < MOST_MOVED) for (const id of ids) this.#moved.add(id);
    });
  }

  of(watched: ReadonlySet<string>, wanted: ReadonlySet<string>): string[] {
    const now = this.#clock.now();
    const many = this.#moved.size >= MOST_MOVED || (this.#looks === 'all' && this.#moved.size > 0);
    const round = many || now - this.#roundAt >= this.#everyMs;
    if (round) this.#roundAt = now;
    const due = [...watched].filter((id) => round || wanted.has(id) || this.#moved.has(id));
    this.#moved.clear();
    return due;
  }
}
