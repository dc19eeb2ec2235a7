import type { Child } from 'hono/jsx';
import { duration, number } from '../../console/format.ts';
import { Lamp, type LampName } from '../../console/lamp.ts';
import { Ago, Tabs, Unknown } from '../../console/parts.tsx';
import { href } from '../../console/scope.ts';
import { NODE_ID } from '../../nodes/index.ts';
import type { JobSummary } from '../job.ts';
import type { JobState } from '../state.ts';

/** The shape and colour of the node's state that says the same to a reader. */
const LAMPS: Readonly<Record<JobState, LampName>> = {
  queued: 'new',
  leased: 'late',
  running: 'syncing',
  succeeded: 'online',
  failed: 'offline',
  cancelled: 'retired',
  unknown: 'disputed',
  dead: 'forked',
};

/** What each state means, and what moves a job on from it. */
const STATE_MEANING: Readonly<Record<JobState, string>> = {
  queued:
    'It waits for its time, for a free slot of its node, for the caps of its kind, for a second approver, or for its rollout to go on.',
  leased: 'It was sent to its node, which has ten seconds to say that it has it on disk.',
  running: 'Its node has it and renews the lease; after 90 s of silence the lease is lost.',
  succeeded: 'The node’s signed result says so.',
  failed: 'The node’s signed result says so, or its time was up; the code says which.',
  cancelled: 'Somebody ended it.',
  unknown:
    'Its lease was lost while it may have been running, and running it twice could do harm: it waits for what the node’s journal says.',
  dead: 'Every attempt was used up without a result. Retry queues it anew.',
};

/** Of work that a worker does over SSH, where it differs. */
const SSH_MEANING: Readonly<Partial<Record<JobState, string>>> = {
  queued: 'It waits for a worker with room for its kind, or for other work over SSH on the same host to end.',
  running: 'A worker has it and renews the lease; after 90 s of silence another goes on with it.',
  succeeded: 'The worker that did it says so.',
  failed: 'The worker that tried it says so; the code says why.',
};

export function meaningOf({ run, state }: Pick<JobSummary, 'run' | 'state'>): string {
  return (run === 'ssh' ? SSH_MEANING[state] : undefined) ?? STATE_MEANING[state];
}

function JobLamp({ job }: { job: Pick<JobSummary, 'state' | 'held' | 'cancelling'> }) {
  const word = job.held ? 'waits for approval' : job.cancelling ? `${job.state}, ends` : job.state;
  return <Lamp name={LAMPS[job.state]} word={word} />;
}

export function StateLamp({ state }: { state: JobState }) {
  return <Lamp name={LAMPS[state]} word={state} />;
}

/** State and how far it is; once it is over, why it did not succeed. Patched as it goes on: without links, since one patch is for all readers. */
export function JobStatus({ job }: { job: JobSummary }) {
  return (
    <div class="job-status" id={statusId(job.jobId)}>
      <JobLamp job={job} />
      <Progress job={job} />
    </div>
  );
}

function Progress({ job }: { job: JobSummary }) {
  if (job.endedAt !== undefined)
    return job.code === '' ? null : (
      <code class="sub" title={job.message}>
        {job.code}
      </code>
    );
  return (
    <>
      {job.progress !== undefined && (
        <progress value={job.progress} max={100} aria-label="Progress">
          {job.progress} %
        </progress>
      )}
      {job.step !== '' && <span class="sub">{job.step}</span>}
    </>
  );
}

/** From its start to its end, or until now. */
export function Took({ job, now }: { job: JobSummary; now: number }) {
  if (job.startedAt === undefined) return <Unknown why="it has not begun" />;
  return <>{duration((job.endedAt ?? now) - job.startedAt)}</>;
}

export function statusId(jobId: string): string {
  return `job-${jobId}`;
}

/** A host that is no node yet has no pages of its own. */
export function NodeLink({ job, path }: { job: Pick<JobSummary, 'nodeId' | 'label'>; path: string }) {
  if (!NODE_ID.test(job.nodeId)) return <>{job.label}</>;
  return <a href={href(`/nodes/${job.nodeId}${path}`)}>{job.label}</a>;
}

export function JobRow({ job, now, withNode }: { job: JobSummary; now: number; withNode: boolean }) {
  return (
    <tr>
      <td>
        <JobStatus job={job} />
      </td>
      <th scope="row">
        <a href={href(`/jobs/${job.jobId}`)}>{job.kind}</a>
      </th>
      {withNode && (
        <td>
          <NodeLink job={job} path="" />
        </td>
      )}
      <td class="num">
        <Took job={job} now={now} />
      </td>
      <td>{job.createdBy}</td>
      <td>
        <Ago at={job.createdAt} now={now} />
      </td>
    </tr>
  );
}

const TABS = [
  { id: 'jobs', path: '/jobs', word: 'Jobs' },
  { id: 'run', path: '/jobs/run', word: 'Run a job' },
  { id: 'kinds', path: '/jobs/kinds', word: 'Kinds' },
  { id: 'queue', path: '/jobs/queue', word: 'Queue' },
] as const;
export type JobTab = (typeof TABS)[number]['id'];

/** The frame of the pages about jobs in general. */
export function JobsFrame({ tab, aside, children }: { tab: JobTab; aside?: Child; children?: Child }) {
  return (
    <article class="jobs">
      <header class="title">
        <h1>Jobs</h1>
        {aside && <p class="panel-aside">{aside}</p>}
      </header>
      <Tabs
        label="Jobs"
        active={tab}
        tabs={TABS.map(({ id, path, word }) => ({ id, word, href: href(path) }))}
      />
      {children}
    </article>
  );
}

export function nodesWord(count: number): string {
  return `${number(count)} ${count === 1 ? 'node' : 'nodes'}`;
}

export function jobsWord(count: number): string {
  return `${number(count)} ${count === 1 ? 'job' : 'jobs'}`;
}

/** Asks for the page's article by itself as it arrives: what of it differs by reader is never pushed. */
export function PageAnew({ of }: { of: string }) {
  return (
    <div
      hidden
      hx-get={of}
      hx-trigger="load"
      hx-target="article.job"
      hx-select="article.job"
      hx-swap="outerMorph"
    ></div>
  );
}
