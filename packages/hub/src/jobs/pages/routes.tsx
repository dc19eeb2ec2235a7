import { KIND_NAMES } from '@stoa/protocol';
import type { MiddlewareHandler } from 'hono';
import type { NodeAccess } from '#accounts/index.ts';
import type { Clock } from '../../clock.ts';
import { liveUrl } from '../../console/live.ts';
import { href } from '../../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../../http.ts';
import { notFound } from '../../http-error.ts';
import { findNode, type Liveness, NODE_ID, type NodeListing, NodePage } from '../../nodes/index.ts';
import { isAtLeast, type Viewer, viewerOf } from '../../viewer.ts';
import type { JobBatch, JobDetail, JobSummary } from '../job.ts';
import { mayRepeat } from '../job-choice.ts';
import type { JobDesk } from '../job-desk.ts';
import type { JobLogs } from '../job-logs.ts';
import { isUuid, type JobReader } from '../job-reader.ts';
import { answerLog } from '../log-answer.ts';
import type { LogFollowers } from '../log-followers.ts';
import type { JobSchedules } from '../schedules.ts';
import { isOver } from '../state.ts';
import { BatchPage, isOpen } from './batch-page.tsx';
import { type JobActs, JobPage } from './job-page.tsx';
import { KindsPage } from './kinds-page.tsx';
import { JobsPage } from './list-page.tsx';
import { readTail } from './log-tail.tsx';
import { NodeJobsTab } from './node-tab.tsx';
import { readCursor, readFilter } from './query.ts';
import { QueuePage } from './queue-page.tsx';
import { mountRun, type RunOrders } from './run-routes.tsx';
import { batchKey } from './source.tsx';

export interface JobPagesDeps {
  readonly desk: JobDesk;
  readonly reader: JobReader;
  readonly logs: JobLogs;
  readonly followers: LogFollowers;
  readonly schedules: Pick<JobSchedules, 'list' | 'end'>;
  readonly orders: RunOrders;
  /** Of what workers run over SSH: in the same list, asked for elsewhere. */
  readonly sshKinds: readonly string[];
  readonly access: NodeAccess;
  readonly listing: Pick<NodeListing, 'find'>;
  readonly liveness: Liveness;
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly clock: Pick<Clock, 'now'>;
}

const NO_ACTS: JobActs = { cancel: false, retry: false };

/** The pages of jobs. What a viewer may see follows the nodes; what they may do is the desk's to say. */
export function jobPages(deps: JobPagesDeps): HttpFeature {
  const { desk, reader, logs, schedules, access, guard, clock } = deps;
  const kinds = [...KIND_NAMES, ...deps.sshKinds];
  return {
    nav: [{ id: 'jobs', path: '/jobs', word: 'Jobs', group: 'scope', place: 30 }],
    mount(app: HubApp) {
      app.use('/jobs', guard);
      app.use('/jobs/*', guard);
      app.get('/nodes/:id/jobs', guard, (c) => showNodeJobs(c, deps));
      app.get('/jobs', async (c) => {
        const filter = readFilter(c, kinds);
        const page = await reader.list(viewerOf(c), filter, readCursor(c));
        return c.render(<JobsPage {...{ page, filter, kinds }} now={clock.now()} />, {
          title: 'Jobs',
          nav: 'jobs',
          ...watching({ job: page.jobs.map(({ jobId }) => jobId) }),
        });
      });
      app.get('/jobs/kinds', (c) => c.render(<KindsPage />, { title: 'Kinds of jobs', nav: 'jobs' }));
      app.get('/jobs/queue', async (c) => {
        const viewer = viewerOf(c);
        const [rows, planned] = await Promise.all([reader.queue(viewer), schedules.list(viewer)]);
        return c.render(<QueuePage rows={rows} schedules={planned} now={clock.now()} />, {
          title: 'Queue',
          nav: 'jobs',
        });
      });
      app.post('/jobs/schedules/:id/end', async (c) => {
        const id = c.req.param('id');
        if (!isUuid(id)) throw notFound('This schedule');
        await schedules.end(viewerOf(c), id);
        return c.redirect(href('/jobs/queue'), 303);
      });
      mountRun(app, deps);
      app.get('/jobs/batches/:id', (c) => showBatch(c, deps));
      app.post('/jobs/batches/:id/:act{approve|cancel|retry}', async (c) => {
        const { batchId } = await findBatch(c, reader);
        const viewer = viewerOf(c);
        const act = c.req.param('act');
        if (act === 'approve') await desk.approve(viewer, batchId);
        else if (act === 'cancel') await desk.cancel(viewer, { batchId });
        else await desk.retry(viewer, { batchId });
        return c.redirect(href(`/jobs/batches/${batchId}`), 303);
      });
      app.get('/jobs/:id', async (c) => {
        const job = await findJob(c, reader);
        const [receipts, tail] = await Promise.all([reader.receipts(job.jobId), readTail(logs, job.jobId)]);
        const acts = await actsOn(viewerOf(c), job, access);
        return c.render(<JobPage {...{ job, receipts, tail, acts }} now={clock.now()} />, {
          title: `${job.kind} on ${job.label}`,
          nav: 'jobs',
          ...(!isOver(job.state) && watching({ jobHead: [job.jobId], jobLog: [job.jobId] })),
        });
      });
      app.post('/jobs/:id/:act{cancel|retry}', async (c) => {
        const { jobId } = await findJob(c, reader);
        const which = { jobIds: [jobId] };
        await (c.req.param('act') === 'cancel'
          ? desk.cancel(viewerOf(c), which)
          : desk.retry(viewerOf(c), which));
        return c.redirect(href(`/jobs/${jobId}`), 303);
      });
      app.get('/jobs/:id/log', async (c) => {
        const { jobId } = await findJob(c, reader);
        const from = c.req.query('follow');
        return from === undefined
          ? answerLog(c, await logs.open(jobId))
          : deps.followers.answer(c, viewerOf(c), { jobId, from: Number(from) || 0 });
      });
    },
  };
}

/** As the desk has it. A host that is no node yet is an admin's, and for whom it will be to end. */
async function actsOn(
  viewer: Viewer,
  { nodeId, owner, run, kind }: JobSummary,
  access: NodeAccess,
): Promise<JobActs> {
  const works = NODE_ID.test(nodeId)
    ? await access.may(viewer, nodeId, run === 'ssh' ? 'owner' : 'operator')
    : isAtLeast(viewer, 'ancient');
  return {
    cancel: works || (!NODE_ID.test(nodeId) && owner === viewer.email),
    retry: works && mayRepeat(viewer, { kind }),
  };
}

async function showNodeJobs(c: HubContext, deps: JobPagesDeps): Promise<Response> {
  const { reader, liveness } = deps;
  const viewer = viewerOf(c);
  const node = await findNode(c, deps);
  const { nodeId } = node;
  const [page, work] = await Promise.all([reader.list(viewer, { nodeId }), reader.nodeWork(nodeId)]);
  const at = liveness.at();
  return c.render(
    <NodePage node={node} at={at} tab="jobs">
      <NodeJobsTab {...{ nodeId, page, work }} now={at.now} />
    </NodePage>,
    {
      title: node.label,
      nav: 'nodes',
      live: liveUrl({ node: [nodeId], job: page.jobs.map(({ jobId }) => jobId) }),
    },
  );
}

async function showBatch(c: HubContext, { reader, access, clock }: JobPagesDeps): Promise<Response> {
  const viewer = viewerOf(c);
  const batch = await findBatch(c, reader);
  const page = await reader.list(viewer, { batchId: batch.batchId });
  const [first] = page.jobs;
  const acts = first === undefined ? NO_ACTS : await actsOn(viewer, first, access);
  const spoke = [batch.createdBy, batch.signedBy];
  const approves = isAtLeast(viewer, 'ancient') && !spoke.includes(viewer.email);
  return c.render(<BatchPage {...{ batch, page, acts, approves }} now={clock.now()} />, {
    title: `${batch.kind}, a batch`,
    nav: 'jobs',
    ...(isOpen(batch) &&
      watching({ batch: [batchKey(viewer, batch.batchId)], job: page.jobs.map(({ jobId }) => jobId) })),
  });
}

async function findBatch(c: HubContext, reader: JobReader): Promise<JobBatch> {
  const batch = await reader.batch(viewerOf(c), c.req.param('id') ?? '');
  if (batch === undefined) throw notFound('This batch');
  return batch;
}

async function findJob(c: HubContext, reader: JobReader): Promise<JobDetail> {
  const id = c.req.param('id') ?? '';
  const job = isUuid(id) ? await reader.show(viewerOf(c), id) : undefined;
  if (job === undefined) throw notFound('This job');
  return job;
}

/** A page without anything that changes opens no stream. */
function watching(keys: Readonly<Record<string, readonly string[]>>): { live?: string } {
  return Object.values(keys).every((each) => each.length === 0) ? {} : { live: liveUrl(keys) };
}
