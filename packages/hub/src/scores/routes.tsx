import { isPartName } from '@stoa/protocol/stoicism';
import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { requireTier } from '#accounts/index.ts';
import { findNode, type Liveness, type NodeDetail, type NodeListing, NodePage } from '#nodes/index.ts';
import { type Faults, line, readForm, type Typed } from '../console/form.tsx';
import { liveUrl } from '../console/live.ts';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { isAtLeast, viewerOf } from '../viewer.ts';
import { BASELINES_PATH, ScoresAdminPage } from './admin-page.tsx';
import { baselineFault } from './baseline-form.ts';
import type { ScoreDesk } from './score-desk.ts';
import type { ScoreReader } from './score-reader.ts';
import { ScoreTab } from './score-tab.tsx';

export interface ScoreRoutesDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly desk: ScoreDesk;
  readonly reader: ScoreReader;
  readonly listing: Pick<NodeListing, 'find'>;
  readonly liveness: Liveness;
}

interface Refused {
  readonly typed: Typed;
  readonly faults: Faults;
}

const reviewForm = z.strictObject({
  version: z.coerce.number().int().positive(),
  word: z.enum(['accepted', 'refused']),
  reason: line(200),
});
const baselineForm = z.strictObject({
  part: z.string().refine(isPartName, 'a part of the table'),
  baseline: z
    .string()
    .trim()
    .regex(/^\d{1,8}(\.\d{1,3})?$/, 'a number with at most 3 decimals')
    .transform((text) => Math.round(Number(text) * 1_000)),
  reason: line(200),
});

/** The Score tab of a node, and what admins decide of scores. */
export function scoreRoutes(deps: ScoreRoutesDeps): HttpFeature {
  const { guard, desk, reader, liveness } = deps;
  const admin = requireTier('ancient');
  const showAdmin = async (c: HubContext, refused?: Refused): Promise<Response> => {
    const [waiting, tables] = await Promise.all([reader.waiting(), reader.baselines()]);
    const view = { waiting, tables, now: liveness.at().now, ...refused };
    return c.render(<ScoresAdminPage view={view} />, { title: 'Scores', nav: 'scores' });
  };
  return {
    nav: [
      { id: 'scores', path: '/admin/scores', word: 'Scores', group: 'admin', place: 40, least: 'ancient' },
    ],
    mount(app: HubApp) {
      app.use('/nodes/:id/score', guard);
      app.use('/nodes/:id/score/*', guard);
      app.get('/nodes/:id/score', async (c) => showTab(c, deps, await findNode(c, deps)));
      app.post('/nodes/:id/score/review', admin, async (c) => {
        const node = await findNode(c, deps);
        const form = await readForm(c, reviewForm);
        if (!form.ok) {
          c.status(422);
          return showTab(c, deps, node, form);
        }
        await desk.review(viewerOf(c), node, form.value);
        return c.redirect(href(`/nodes/${node.nodeId}/score`), 303);
      });
      app.get('/admin/scores', guard, admin, (c) => showAdmin(c));
      app.post(BASELINES_PATH, guard, admin, async (c) => {
        const form = await readForm(c, baselineForm);
        if (!form.ok) {
          c.status(422);
          return showAdmin(c, form);
        }
        const { part, baseline, reason } = form.value;
        const fault = baselineFault(part, baseline);
        if (fault !== undefined) {
          c.status(422);
          const typed = { part, reason, baseline: String(baseline / 1_000) };
          return showAdmin(c, { typed, faults: { baseline: fault } });
        }
        await desk.changeBaselines(viewerOf(c), { changes: { [part]: baseline }, reason });
        return c.redirect(href('/admin/scores'), 303);
      });
    },
  };
}

async function showTab(
  c: HubContext,
  { reader, liveness }: ScoreRoutesDeps,
  node: NodeDetail,
  refused?: Refused,
): Promise<Response> {
  const at = liveness.at();
  const score = await reader.node(node.nodeId);
  const reviews = isAtLeast(viewerOf(c), 'ancient');
  return c.render(
    <NodePage node={node} at={at} tab="score">
      <ScoreTab view={{ ...score, nodeId: node.nodeId, reviews, now: at.now, ...refused }} />
    </NodePage>,
    { title: node.label, nav: 'nodes', live: liveUrl({ node: [node.nodeId] }) },
  );
}
