import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { type NodeAccess, requireTier } from '#accounts/index.ts';
import { findNode, type Liveness, type NodeListing, NodePage } from '#nodes/index.ts';
import type { Clock } from '../../clock.ts';
import { readForm } from '../../console/form.tsx';
import { liveUrl } from '../../console/live.ts';
import { href } from '../../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../../http.ts';
import { HttpError, notFound } from '../../http-error.ts';
import { viewerOf } from '../../viewer.ts';
import type { RolloutTools } from '../index.ts';
import type { Rollout } from '../rollout.ts';
import type { UpgradeDesk } from '../upgrade-desk.ts';
import { NewRolloutPage, RolloutsPage } from './list-page.tsx';
import { NodeUpdatesTab } from './node-tab.tsx';
import { RolloutPage } from './rollout-page.tsx';
import { mountUpgrades } from './upgrade-routes.tsx';
import { type WishAgain, wishForm } from './wish-form.tsx';
import { MyUpdatesPage } from './wish-page.tsx';
import { withoutLogs } from './without-logs.ts';

export interface RolloutPagesDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly tools: RolloutTools;
  readonly upgrades: UpgradeDesk;
  readonly access: NodeAccess;
  readonly listing: Pick<NodeListing, 'find'>;
  readonly liveness: Liveness;
  readonly clock: Pick<Clock, 'now'>;
}

const PATH = '/admin/rollouts';
const reasonForm = z.object({ reason: z.string().trim().max(200).default('') });

/** Rollouts for Ancient Admins, updates for the owners of nodes. */
export function rolloutPages(deps: RolloutPagesDeps): HttpFeature {
  const { guard } = deps;
  return {
    nav: [
      { id: 'updates', path: '/updates', word: 'Updates', group: 'scope', place: 45 },
      { id: 'rollouts', path: PATH, word: 'Rollouts', group: 'admin', place: 21, least: 'ancient' },
    ],
    mount(app: HubApp) {
      const admin = requireTier('ancient');
      app.use(PATH, guard, admin);
      app.use(`${PATH}/*`, guard, admin);
      mountUpgrades(app, { ...deps, path: PATH });
      mountRollouts(app, deps);
      mountUpdates(app, deps);
    },
  };
}

function mountRollouts(app: HubApp, { tools, clock }: RolloutPagesDeps): void {
  const { desk, reader } = tools;
  app.get(PATH, async (c) => {
    const [rollouts, pauseAll] = await Promise.all([reader.list(), reader.pauseAll()]);
    return c.render(<RolloutsPage view={{ rollouts, pauseAll, now: clock.now() }} />, {
      ...{ title: 'Rollouts', nav: 'rollouts' },
    });
  });
  app.get(`${PATH}/new`, async (c) => {
    const kind = c.req.query('kind') === 'runtime' ? 'runtime' : 'payload';
    const plan = await desk.plan(viewerOf(c), { kind }).catch((error: unknown) => {
      if (error instanceof HttpError && error.code === 'no_release') return undefined;
      throw error;
    });
    return c.render(<NewRolloutPage plan={plan} />, { title: 'Begin a rollout', nav: 'rollouts' });
  });
  app.post(PATH, async (c) => {
    const { kind, targets, expected } = await read(c, createForm);
    const { rolloutId } = await desk.create(viewerOf(c), { kind, targetsVersion: targets, expected });
    return c.redirect(href(`${PATH}/${rolloutId}`), 303);
  });
  app.post(`${PATH}/:act{pause-all|resume-all}`, async (c) => {
    const { reason } = await read(c, reasonForm);
    await desk.pauseAll(viewerOf(c), { paused: c.req.param('act') === 'pause-all', reason });
    return c.redirect(href(PATH), 303);
  });
  app.get(`${PATH}/:id`, async (c) => {
    const rollout = await findRollout(c, tools);
    const [pauseAll, stuck] = await Promise.all([
      reader.pauseAll(),
      reader.stuck(rollout.rolloutId, clock.now()),
    ]);
    return c.render(<RolloutPage view={{ rollout, pauseAll, stuck, now: clock.now() }} />, {
      ...{ title: `${rollout.cargo.kind} ${rollout.version}`, nav: 'rollouts' },
      ...(rollout.course.state !== 'aborted' && { live: liveUrl({ rollout: [rollout.rolloutId] }) }),
    });
  });
  app.post(`${PATH}/:id/act`, async (c) => {
    const { rolloutId } = await findRollout(c, tools);
    await desk.act(viewerOf(c), rolloutId, await read(c, actForm));
    return c.redirect(href(`${PATH}/${rolloutId}`), 303);
  });
  app.post(`${PATH}/:id/stuck/:act{retry|give-up}`, async (c) => {
    const { rolloutId } = await findRollout(c, tools);
    const { node } = await read(c, stuckForm);
    const act = c.req.param('act') as 'retry' | 'give-up';
    await desk.stuck(viewerOf(c), rolloutId, { act, nodeIds: node === undefined ? undefined : [node] });
    return c.redirect(href(`${PATH}/${rolloutId}#stuck`), 303);
  });
  app.post(`${PATH}/:id/lift`, async (c) => {
    const { rolloutId } = await findRollout(c, tools);
    await desk.lift(viewerOf(c), rolloutId, (await read(c, liftForm)).owner);
    return c.redirect(href(`${PATH}/${rolloutId}`), 303);
  });
}

function mountUpdates(app: HubApp, deps: RolloutPagesDeps): void {
  const { guard, tools, access, clock } = deps;
  const { wishes } = tools;
  app.get('/updates', guard, (c) => showMine(c, deps, {}));
  app.post('/updates', guard, async (c) => {
    const viewer = viewerOf(c);
    const form = await readForm(c, wishForm(clock.now()));
    if (!form.ok) return showMine(c, deps, form);
    await wishes.save(viewer, { subject: viewer.email, owner: viewer.email, wish: form.value });
    return c.redirect(href('/updates'), 303);
  });
  app.get('/nodes/:id/updates', guard, (c) => showNode(c, deps, {}));
  app.post('/nodes/:id/updates', guard, async (c) => {
    const { nodeId, owner } = await workedNode(c, deps);
    const form = await readForm(c, wishForm(clock.now()));
    if (!form.ok) return showNode(c, deps, form);
    await wishes.save(viewerOf(c), { subject: nodeId, owner, wish: form.value });
    return c.redirect(href(`/nodes/${nodeId}/updates`), 303);
  });
  app.post('/nodes/:id/updates/clear', guard, async (c) => {
    const { nodeId, owner } = await workedNode(c, deps);
    await wishes.save(viewerOf(c), { subject: nodeId, owner, wish: undefined });
    return c.redirect(href(`/nodes/${nodeId}/updates`), 303);
  });

  async function workedNode(c: HubContext, by: RolloutPagesDeps) {
    const node = await findNode(c, by);
    if (!(await access.may(viewerOf(c), node.nodeId, 'operator'))) throw notFound('This act');
    return node;
  }
}

async function showMine(
  c: HubContext,
  { tools, clock }: RolloutPagesDeps,
  again: WishAgain,
): Promise<Response> {
  const { email } = viewerOf(c);
  const [wish, versions] = await Promise.all([tools.wishes.of(email), tools.reader.versions(email)]);
  return c.render(<MyUpdatesPage view={{ wish, versions, again, now: clock.now() }} />, {
    ...{ title: 'Updates', nav: 'updates' },
  });
}

async function showNode(c: HubContext, deps: RolloutPagesDeps, again: WishAgain): Promise<Response> {
  const { tools, access, liveness, clock } = deps;
  const node = await findNode(c, deps);
  const { nodeId, owner } = node;
  const [update, places, history, wish, ownersWish, works] = await Promise.all([
    tools.reader.node(nodeId),
    tools.reader.places(nodeId),
    tools.reader.history(nodeId),
    tools.wishes.of(nodeId),
    tools.wishes.of(owner),
    access.may(viewerOf(c), nodeId, 'operator'),
  ]);
  const view = {
    ...{ nodeId, wish, ownersWish, works, again, now: clock.now() },
    ...withoutLogs({ update, places, history }, works),
  };
  return c.render(
    <NodePage node={node} at={liveness.at()} tab="updates">
      <NodeUpdatesTab view={view} />
    </NodePage>,
    { title: node.label, nav: 'nodes', live: liveUrl({ node: [nodeId] }) },
  );
}

const createForm = z.object({
  kind: z.enum(['payload', 'runtime']),
  targets: z.coerce.number().int().positive(),
  expected: z.coerce.number().int().nonnegative(),
});
const actForm = reasonForm.extend({ act: z.enum(['pause', 'resume', 'abort']) });
const stuckForm = z.object({
  node: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .optional(),
});
const liftForm = z.object({ owner: z.string().max(254) });

/** Of forms whose fields nobody types. @throws {HttpError} `bad_form` */
async function read<T>(c: HubContext, schema: z.ZodType<T>): Promise<T> {
  const form = await readForm(c, schema);
  if (form.ok) return form.value;
  throw new HttpError(400, 'bad_form', `The form does not fit: ${Object.keys(form.faults).join(', ')}.`, {
    fix: 'Load the page again.',
  });
}

async function findRollout(c: HubContext, { reader }: RolloutTools): Promise<Rollout> {
  const id = c.req.param('id') ?? '';
  const rollout = UUID.test(id) ? await reader.find(id) : undefined;
  if (rollout === undefined) throw notFound('This rollout');
  return rollout;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
