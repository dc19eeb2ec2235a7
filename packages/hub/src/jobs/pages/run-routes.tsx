import { randomUUID } from 'node:crypto';
import {
  isKindName,
  type KindName,
  kindOf,
  type ParamValues,
  ProtocolError,
  readParams,
} from '@stoa/protocol';
import { href } from '../../console/scope.ts';
import type { HubApp, HubContext } from '../../http.ts';
import { HttpError } from '../../http-error.ts';
import { parseSelector } from '../../nodes/index.ts';
import { EVERYTHING, type Selector, SelectorError } from '../../selector/index.ts';
import { type Viewer, viewerOf } from '../../viewer.ts';
import { attemptsAt } from '../attempts.ts';
import type { JobDesk, JobRequest } from '../job-desk.ts';
import { isUuid } from '../job-reader.ts';
import type { JobPlan } from '../planner.ts';
import type { RunForm } from './kind-form.tsx';
import { RunPage } from './run-page.tsx';

/** Of `orders/`: what is to be signed, and what was. */
export interface RunOrders {
  draft(
    viewer: Viewer,
    wanted: { kind: string; params: string; nodeIds: readonly string[]; maxAttempts: number },
  ): Promise<string>;
  show(viewer: Viewer, orderId: string): Promise<{ readonly sealed: Uint8Array | undefined }>;
}

interface RunDeps {
  readonly desk: JobDesk;
  readonly orders: RunOrders;
}

const MOST_TYPED = 1_000;

/** Choose, look, sign where it takes that, do it. */
export function mountRun(app: HubApp, deps: RunDeps): void {
  app.get('/jobs/run', async (c) => {
    const viewer = viewerOf(c);
    const { form, request } = readRun(c.req.query(), viewer.email);
    const plan = request && (await deps.desk.plan(viewer, request));
    if (Object.keys(form.faults).length > 0) c.status(400);
    return showRun(c, { form, plan, orderId: await signedOrder(c, deps) });
  });
  app.post('/jobs/run', async (c) => {
    const typed = texts(await c.req.text());
    const viewer = viewerOf(c);
    const { form, request } = readRun(typed, viewer.email);
    if (request === undefined || form.kind === undefined) {
      c.status(422);
      return showRun(c, { form, plan: undefined, orderId: undefined });
    }
    try {
      return c.redirect(await run(viewer, { request, typed, form }, deps), 303);
    } catch (error) {
      if (!(error instanceof HttpError) || error.status !== 409) throw error;
      c.status(409);
      const plan = await deps.desk.plan(viewer, request);
      return showRun(c, { form, plan, orderId: undefined, fault: `${error.message} ${error.fix}` });
    }
  });
}

/** Where the reader goes: to the batch, or to what is to be signed first. */
async function run(
  viewer: Viewer,
  by: { request: JobRequest; typed: Readonly<Record<string, string>>; form: RunForm },
  { desk, orders }: RunDeps,
): Promise<string> {
  const { request, typed, form } = by;
  const kind = kindOf(request.kind);
  const orderId = typed['order'];
  if (kind.class !== 'read' && orderId === undefined) {
    const { params } = await desk.plan(viewer, request);
    const nodeIds = await desk.nodeIds(viewer, request);
    const wanted = { kind: request.kind, params, nodeIds, maxAttempts: attemptsAt(kind) };
    const draft = await orders.draft(viewer, wanted);
    const back = `/jobs/run?${addressOf(form)}&order=${draft}`;
    return href(`/orders/${draft}?${new URLSearchParams({ back })}`);
  }
  const sealed = orderId === undefined ? undefined : (await orders.show(viewer, orderId)).sealed;
  const batch = typed['batch'];
  const { batchId } = await desk.submit(viewer, {
    ...request,
    expected: Number(typed['shown']),
    ...(batch !== undefined && isUuid(batch) && { batchId: batch }),
    ...(sealed !== undefined && { order: sealed }),
  });
  return href(`/jobs/batches/${batchId}`);
}

/** The order that the address names, if it is signed by now. */
async function signedOrder(c: HubContext, { orders }: RunDeps): Promise<string | undefined> {
  const orderId = c.req.query('order');
  if (orderId === undefined) return undefined;
  const { sealed } = await orders.show(viewerOf(c), orderId);
  return sealed === undefined ? undefined : orderId;
}

function showRun(
  c: HubContext,
  by: { form: RunForm; plan: JobPlan | undefined; orderId: string | undefined; fault?: string },
): Response | Promise<Response> {
  return c.render(<RunPage {...by} batchId={randomUUID()} />, { title: 'Run a job', nav: 'jobs' });
}

/**
 * What was asked for by the fields of `KindForm`; `request` where it is complete and right.
 * @param signer e-mail of whose key would sign.
 */
export function readRun(
  typed: Readonly<Record<string, string>>,
  signer: string,
): {
  form: RunForm;
  request: JobRequest | undefined;
} {
  const { kind = '', q = '' } = typed;
  const given = Object.entries(typed).flatMap(([name, value]) =>
    name.startsWith('p.') ? [[name.slice(2), value.slice(0, MOST_TYPED)] as const] : [],
  );
  const params = Object.fromEntries(given);
  const faults: Record<string, string> = {};
  if (kind !== '' && !isKindName(kind)) faults['kind'] = `There is no kind '${kind.slice(0, 40)}'.`;
  const name = isKindName(kind) ? kind : undefined;
  const selector = readNodes(q, faults);
  const asked = typed['q'] !== undefined;
  const values = name === undefined || !asked ? undefined : readValues(name, params, faults);
  const form = { kind: name, q: q.slice(0, MOST_TYPED), params, faults };
  const whole = name !== undefined && asked && values !== undefined && selector !== undefined;
  return { form, request: whole ? { kind: name, params: values, selector, signer } : undefined };
}

function readNodes(q: string, faults: Record<string, string>): Selector | undefined {
  try {
    return q.trim() === '' ? EVERYTHING : parseSelector(q.slice(0, MOST_TYPED));
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    faults['q'] = `${error.message} ${error.fix}`;
    return undefined;
  }
}

/** A field that was not filled in is left to its default. */
function readValues(
  kind: KindName,
  params: Readonly<Record<string, string>>,
  faults: Record<string, string>,
): ParamValues | undefined {
  const { parameters } = kindOf(kind);
  try {
    const filled = Object.entries(params).filter(([, value]) => value !== '');
    return readParams(parameters, Object.fromEntries(filled));
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    const named = Object.keys(parameters).find((name) => error.message.startsWith(`'${name}'`));
    faults[named === undefined ? 'kind' : `p.${named}`] = `${error.message}.`;
    return undefined;
  }
}

/** As the address of the page holds it. */
export function addressOf({ kind, q, params }: RunForm): string {
  const fields = Object.entries(params).map(([name, value]): [string, string] => [`p.${name}`, value]);
  return new URLSearchParams([['kind', kind ?? ''], ['q', q], ...fields]).toString();
}

export function texts(body: string): Readonly<Record<string, string>> {
  return Object.fromEntries(new URLSearchParams(body));
}
