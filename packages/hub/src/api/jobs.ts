import { createRoute } from '@hono/zod-openapi';
import { fromHex, JOB_KINDS, type JobKind } from '@stoa/protocol';
import { viewerWith } from '#api-keys/index.ts';
import {
  answerLog,
  type JobBatch,
  type JobChoice,
  type JobCursor,
  type JobDetail,
  type JobReceiptRow,
  type JobSummary,
  type Jobs,
  type LogFollowers,
  toldParams,
} from '#jobs/index.ts';
import { parseSelector } from '#nodes/index.ts';
import type { HubContext } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { Viewer } from '../viewer.ts';
import {
  batchSchema,
  countSchema,
  jobDetailSchema,
  jobIdParam,
  jobPageSchema,
  jobQuery,
  kindsSchema,
  planBody,
  planSchema,
  submitBody,
  submittedSchema,
} from './job-schemas.ts';
import { parametersOut } from './parameters.ts';
import { type Api, access, FAILURES, iso, json } from './route.ts';

export interface JobApiDeps {
  readonly jobs: Pick<Jobs, 'desk' | 'reader' | 'logs'>;
  readonly followers: LogFollowers;
}

const kinds = createRoute({
  method: 'get',
  path: '/api/v1/job-kinds',
  summary: 'Kinds of jobs, with their parameters',
  ...access('jobs:read'),
  responses: { ...FAILURES, 200: json(kindsSchema, 'What agents can do') },
});
const plan = createRoute({
  method: 'post',
  path: '/api/v1/jobs/plan',
  summary: 'What a submit would do',
  ...access('jobs:read'),
  request: { body: { required: true, content: { 'application/json': { schema: planBody } } } },
  responses: { ...FAILURES, 200: json(planSchema, 'Its blast radius') },
});
const submit = createRoute({
  method: 'post',
  path: '/api/v1/jobs',
  summary: 'Submit a job for each node that a selector finds',
  ...access('jobs:write'),
  request: { body: { required: true, content: { 'application/json': { schema: submitBody } } } },
  responses: { ...FAILURES, 201: json(submittedSchema, 'The batch') },
});
const list = createRoute({
  method: 'get',
  path: '/api/v1/jobs',
  summary: 'List jobs',
  ...access('jobs:read'),
  request: { query: jobQuery },
  responses: { ...FAILURES, 200: json(jobPageSchema, 'The newest first') },
});
const show = createRoute({
  method: 'get',
  path: '/api/v1/jobs/{id}',
  summary: 'Show a job, with its receipts. Its log is at /api/v1/jobs/{id}/log, by ranges or with ?follow=0',
  ...access('jobs:read'),
  request: { params: jobIdParam },
  responses: { ...FAILURES, 200: json(jobDetailSchema, 'The job') },
});
const act = (name: 'cancel' | 'retry', of: 'jobs' | 'batches', summary: string) =>
  createRoute({
    method: 'post',
    path: `/api/v1/${of}/{id}/${name}` as const,
    summary,
    ...access('jobs:write'),
    request: { params: jobIdParam },
    responses: { ...FAILURES, 200: json(countSchema, 'How many jobs it touched') },
  });
const showBatch = createRoute({
  method: 'get',
  path: '/api/v1/batches/{id}',
  summary: 'Show a submit: its jobs by state',
  ...access('jobs:read'),
  request: { params: jobIdParam },
  responses: { ...FAILURES, 200: json(batchSchema, 'The batch') },
});

/** Jobs by JSON: the same desk and reader as the console's. Approving is for people. */
export function addJobRoutes(api: Api, { jobs: { desk, reader, logs }, followers }: JobApiDeps): void {
  const detail = async (viewer: Viewer, id: string): Promise<JobDetail> => {
    const job = await reader.show(viewer, id);
    if (job === undefined) throw notFound('This job');
    return job;
  };
  const batch = async (viewer: Viewer, id: string): Promise<JobBatch> => {
    const found = await reader.batch(viewer, id);
    if (found === undefined) throw notFound('This batch');
    return found;
  };
  api.openapi(kinds, (c) => {
    viewerWith(c, 'jobs:read');
    return c.json({ kinds: Object.entries(JOB_KINDS).map(([kind, of]) => kindOut(kind, of)) }, 200);
  });
  api.openapi(plan, async (c) => {
    const viewer = viewerWith(c, 'jobs:read');
    const { q, signer = viewer.email, ...wish } = c.req.valid('json');
    const {
      sample: _sample,
      owner: _owner,
      order = null,
      ...shown
    } = await desk.plan(viewer, {
      ...wish,
      signer,
      selector: parseSelector(q),
    });
    return c.json(
      {
        ...shown,
        order,
        regions: [...shown.regions],
        versions: [...shown.versions],
        leftOut: [...shown.leftOut],
        rules: [...shown.rules],
      },
      200,
    );
  });
  api.openapi(submit, async (c) => {
    const viewer = viewerWith(c, 'jobs:write');
    const { q, batch: batchId, scheduledAt, order, ...wish } = c.req.valid('json');
    const submitted = await desk.submit(viewer, {
      ...wish,
      signer: viewer.email,
      selector: parseSelector(q),
      ...(batchId !== undefined && { batchId }),
      ...(scheduledAt !== undefined && { scheduledAt: Date.parse(scheduledAt) }),
      ...(order !== undefined && { order: fromHex(order) }),
    });
    return c.json(
      {
        batch: submitted.batchId,
        submitted: submitted.submitted,
        needsApproval: submitted.needsApproval,
      },
      201,
    );
  });
  api.openapi(list, async (c) => {
    const viewer = viewerWith(c, 'jobs:read');
    const { state, kind, node, batch: batchId, q, after } = c.req.valid('query');
    const filter = {
      ...(state !== undefined && { states: [state] }),
      ...(kind !== undefined && { kind }),
      ...(node !== undefined && { nodeId: node }),
      ...(batchId !== undefined && { batchId }),
      ...(q !== undefined && { q }),
    };
    const page = await reader.list(viewer, filter, after === undefined ? undefined : cursorOf(after));
    const next = page.next === undefined ? null : `${page.next.createdAt}.${page.next.jobId}`;
    return c.json({ jobs: page.jobs.map(jobOut), next }, 200);
  });
  api.openapi(show, async (c) => {
    const viewer = viewerWith(c, 'jobs:read');
    const job = await detail(viewer, c.req.valid('param').id);
    return c.json(detailOut(job, await reader.receipts(job.jobId)), 200);
  });
  api.get('/api/v1/jobs/:id/log', async (c: HubContext) => {
    const viewer = viewerWith(c, 'jobs:read');
    const { jobId } = await detail(viewer, c.req.param('id') ?? '');
    const from = c.req.query('follow');
    return from === undefined
      ? answerLog(c, await logs.open(jobId))
      : followers.answer(c, viewer, { jobId, from: Number(from) || 0 });
  });
  for (const name of ['cancel', 'retry'] as const) {
    const words = name === 'cancel' ? 'Cancel' : 'Queue anew what ended without success:';
    api.openapi(act(name, 'jobs', `${words} a job`), async (c) => {
      const viewer = viewerWith(c, 'jobs:write');
      const { jobId } = await detail(viewer, c.req.valid('param').id);
      const which: JobChoice = { jobIds: [jobId] };
      return c.json({ jobs: await desk[name](viewer, which) }, 200);
    });
    api.openapi(act(name, 'batches', `${words} the jobs of a submit`), async (c) => {
      const viewer = viewerWith(c, 'jobs:write');
      const { batchId } = await batch(viewer, c.req.valid('param').id);
      return c.json({ jobs: await desk[name](viewer, { batchId }) }, 200);
    });
  }
  api.openapi(showBatch, async (c) => {
    const viewer = viewerWith(c, 'jobs:read');
    const {
      batchId,
      orderId = null,
      approvedBy = null,
      createdAt,
      states,
      params,
      ...rest
    } = await batch(viewer, c.req.valid('param').id);
    const out = { ...rest, params: toldParams(params), batch: batchId, order: orderId, approvedBy };
    return c.json(
      { ...out, createdAt: iso(createdAt), states: { ...states } as Record<string, number> },
      200,
    );
  });
}

function cursorOf(after: string): JobCursor {
  const [, createdAt, jobId] =
    /^(\d{1,15})\.([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$/.exec(after) ?? [];
  if (createdAt !== undefined && jobId !== undefined) return { createdAt: Number(createdAt), jobId };
  throw new HttpError(400, 'bad_cursor', 'The address names no place in the list.', {
    fix: 'Start again at the first page: /api/v1/jobs.',
  });
}

function jobOut(job: JobSummary) {
  const { run, kind, state, held, cancelling, attempt, maxAttempts, code, message, step, label } = job;
  return {
    ...{
      run,
      kind,
      class: job.class,
      state,
      held,
      cancelling,
      attempt,
      maxAttempts,
      code,
      message,
      step,
      label,
    },
    id: job.jobId,
    batch: job.batchId,
    node: job.nodeId,
    progress: job.progress ?? null,
    createdBy: job.createdBy,
    createdAt: iso(job.createdAt),
    scheduledAt: iso(job.scheduledAt),
    startedAt: job.startedAt === undefined ? null : iso(job.startedAt),
    endedAt: job.endedAt === undefined ? null : iso(job.endedAt),
  };
}

function detailOut(job: JobDetail, receipts: readonly JobReceiptRow[]) {
  const { params, selector, idempotent, report, logBytes, orderId = null, approvedBy = null } = job;
  return {
    ...jobOut(job),
    ...{ params: toldParams(params), selector, idempotent, report, logBytes, order: orderId, approvedBy },
    deadline: iso(job.deadline),
    receipts: receipts.map(({ at, sealed, ...row }) => ({ ...row, at: iso(at), result: sealed })),
  };
}

function kindOut(kind: string, { class: of, doc, idempotent, undo, limitMs, parameters }: JobKind) {
  return {
    ...{ kind, class: of, doc, idempotent, undo, limitMs },
    parameters: parametersOut(parameters),
  };
}
