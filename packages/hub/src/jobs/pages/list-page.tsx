import { control, Field } from '../../console/form.tsx';
import { Empty, Table } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import type { JobCursor, JobFilter, JobPage } from '../job-reader.ts';
import { JOB_STATES, type JobState } from '../state.ts';
import { JobRow, JobsFrame, StateLamp } from './parts.tsx';

export interface JobsPageProps {
  readonly page: JobPage;
  readonly filter: JobFilter;
  /** That there are, of agents and over SSH. */
  readonly kinds: readonly string[];
  readonly now: number;
}

export function JobsPage({ page, filter, kinds, now }: JobsPageProps) {
  const [state] = filter.states ?? [];
  return (
    <JobsFrame tab="jobs" aside="the newest first; kept for 30 days after their end">
      <nav class="chips" aria-label="Filter by state">
        <ul>
          <StateChip filter={filter} state={undefined} current={state} />
          {JOB_STATES.map((each) => (
            <StateChip filter={filter} state={each} current={state} />
          ))}
        </ul>
      </nav>
      <FilterForm filter={filter} kinds={kinds} />
      <JobTable jobs={page.jobs} now={now} withNode empty={<NoJobs filter={filter} />} />
      <Older filter={filter} next={page.next} />
    </JobsFrame>
  );
}

/** Jobs as a table, or what stands in its place. */
export function JobTable({
  jobs,
  now,
  withNode,
  empty,
}: {
  jobs: JobPage['jobs'];
  now: number;
  withNode: boolean;
  empty: unknown;
}) {
  if (jobs.length === 0) return <>{empty}</>;
  return (
    <Table
      caption="Jobs, the newest first"
      columns={[
        'State',
        'Kind',
        ...(withNode ? ['Node'] : []),
        { word: 'Took', num: true },
        'By',
        'Submitted',
      ]}
    >
      {jobs.map((job) => (
        <JobRow job={job} now={now} withNode={withNode} />
      ))}
    </Table>
  );
}

function StateChip({
  filter,
  state,
  current,
}: {
  filter: JobFilter;
  state: JobState | undefined;
  current: JobState | undefined;
}) {
  return (
    <li>
      <a
        href={listHref({ ...filter, states: state === undefined ? [] : [state] })}
        aria-current={state === current ? 'true' : undefined}
      >
        {state === undefined ? 'All' : <StateLamp state={state} />}
      </a>
    </li>
  );
}

function FilterForm({ filter, kinds }: Pick<JobsPageProps, 'filter' | 'kinds'>) {
  return (
    <form action={href('/jobs')} class="filters" aria-label="Filter the list">
      {filter.states?.[0] && <input type="hidden" name="state" value={filter.states[0]} />}
      {filter.batchId && <input type="hidden" name="batch" value={filter.batchId} />}
      <Field name="kind" label="Kind">
        <select {...control('kind', undefined)}>
          <option value="">every kind</option>
          {kinds.map((kind) => (
            <option value={kind} selected={kind === filter.kind}>
              {kind}
            </option>
          ))}
        </select>
      </Field>
      <Field name="q" label="Find">
        <input
          {...control('q', undefined)}
          type="search"
          value={filter.q ?? ''}
          maxlength={80}
          placeholder="label, node id or job id"
          autocomplete="off"
        />
      </Field>
      <div class="filters-act">
        <button type="submit" class="primary">
          Show
        </button>
      </div>
    </form>
  );
}

function NoJobs({ filter }: { filter: JobFilter }) {
  const filtered = filter.kind !== undefined || filter.q !== undefined || (filter.states?.length ?? 0) > 0;
  if (filtered)
    return (
      <Empty title="No job matches">
        <p>
          <a href={href('/jobs')}>Show all jobs</a>
        </p>
      </Empty>
    );
  return (
    <Empty title="No job was run yet">
      <p>
        <a href={href('/jobs/run')}>Run one</a> on any nodes that a selector finds, or on the hub’s machine:
      </p>
      <pre tabindex={0}>
        <code>stoa-hub job run system-probe -q 'state:online'</code>
      </pre>
    </Empty>
  );
}

function Older({ filter, next }: { filter: JobFilter; next: JobCursor | undefined }) {
  if (next === undefined) return null;
  return (
    <nav class="pager" aria-label="Pages">
      <a rel="next" href={listHref(filter, next)}>
        Older
      </a>
    </nav>
  );
}

export function listHref(filter: JobFilter, after?: JobCursor): string {
  const query = new URLSearchParams();
  for (const state of filter.states ?? []) query.append('state', state);
  if (filter.kind) query.set('kind', filter.kind);
  if (filter.q) query.set('q', filter.q);
  if (filter.batchId) query.set('batch', filter.batchId);
  if (after) query.set('after', `${after.createdAt}.${after.jobId}`);
  const text = query.toString();
  return href(text === '' ? '/jobs' : `/jobs?${text}`);
}
