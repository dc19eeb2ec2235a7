import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { requireFresh, requireTier } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { Sql } from '#seams/db-adapter/index.ts';
import type { Clock } from '../clock.ts';
import { line, readForm } from '../console/form.tsx';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import { isAtLeast, viewerOf } from '../viewer.ts';
import { CLUSTERINGS, type Clustering } from './cluster-store.ts';
import { aboveAll, loadOwnerCap, saveOwnerCap } from './owner-cap.ts';
import { SYBILS_PATH, SybilsPage, type SybilsView } from './page.tsx';
import { reportCsv, reportJson, type SybilReport } from './report.ts';
import type { SybilTools } from './tools.ts';

export interface SybilPagesDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly tools: SybilTools;
  readonly sql: Sql;
  readonly audit: Pick<AuditLog, 'appendIn'>;
  readonly clock: Pick<Clock, 'now'>;
}

const A_PAGE = 20;
/** Clusters that a program gets at a time: it goes on from where that ended. */
const FOR_PROGRAMS = 500;

const nodeId = z.string().regex(/^[0-9a-f]{64}$/, 'ids of nodes');
const decisionForm = z.strictObject({
  word: z.enum(['dismissed', 'upheld']),
  reason: line(200),
  node: z.union([nodeId.transform((id) => [id]), z.array(nodeId).max(1_000)], 'tick one node at least'),
});
const empty = z.literal('').transform(() => undefined);
const capForm = z.strictObject({
  nodes: empty.or(
    z.coerce.number('a whole number').int('a whole number').min(1, 'one at least').max(1_000_000),
  ),
  percent: empty.or(z.coerce.number('a number').min(0.01, '0.01 at least').max(100, '100 at most')),
});

/** Clusters, disputes and the cap, for admins; decisions for Ancients. */
export function sybilPages(deps: SybilPagesDeps): HttpFeature {
  const { guard } = deps;
  return {
    nav: [{ id: 'sybils', path: SYBILS_PATH, word: 'Sybils', group: 'admin', place: 45, least: 'modern' }],
    mount(app: HubApp) {
      const admin = requireTier('modern');
      for (const path of [SYBILS_PATH, `${SYBILS_PATH}/*`, `${SYBILS_PATH}.csv`, `${SYBILS_PATH}.json`])
        app.use(path, guard, admin);
      mount(app, deps);
    },
  };
}

function mount(app: HubApp, { tools, sql, audit, clock }: SybilPagesDeps): void {
  const ancient = requireTier('ancient');
  const report = (c: HubContext, limit: number): Promise<SybilReport> =>
    tools.reports.page(clusteringIn(c), { from: fromIn(c), limit, now: clock.now() });
  const show = async (
    c: HubContext,
    again: Pick<SybilsView, 'again' | 'capAgain'> = {},
  ): Promise<Response> => {
    const [page, cap, disputes] = await Promise.all([
      report(c, A_PAGE),
      loadOwnerCap(sql),
      tools.disputes.list(A_PAGE),
    ]);
    const least = aboveAll(cap);
    const above =
      least && (await tools.reports.page('owner', { from: 0, limit: A_PAGE, least, now: clock.now() }));
    const view = { report: page, from: fromIn(c), cap, above: above?.clusters ?? [], disputes, ...again };
    const decides = isAtLeast(viewerOf(c), 'ancient');
    return c.render(<SybilsPage view={{ ...view, decides, now: clock.now() }} />, {
      ...{ title: 'Sybils', nav: 'sybils' },
    });
  };
  app.get(SYBILS_PATH, (c) => show(c));
  app.get(`${SYBILS_PATH}.json`, async (c) => c.json(reportJson(await report(c, FOR_PROGRAMS))));
  app.get(`${SYBILS_PATH}.csv`, async (c) => {
    c.header('content-type', 'text/csv; charset=utf-8');
    c.header('content-disposition', `attachment; filename="stoa-clusters-by-${clusteringIn(c)}.csv"`);
    return c.body(reportCsv(await report(c, FOR_PROGRAMS)));
  });
  app.post(`${SYBILS_PATH}/disputes/:id`, ancient, async (c) => {
    const disputeId = c.req.param('id');
    if (!/^[0-9a-f]{16}$/.test(disputeId)) throw notFound('This dispute');
    const form = await readForm(c, decisionForm);
    if (!form.ok) {
      c.status(422);
      return show(c, { again: { disputeId, faults: form.faults } });
    }
    const { word, reason, node } = form.value;
    await tools.desk.decide(viewerOf(c), disputeId, { word, reason, nodeIds: [...new Set(node)] });
    return c.redirect(href(SYBILS_PATH), 303);
  });
  app.post(`${SYBILS_PATH}/cap`, ancient, async (c) => {
    const viewer = viewerOf(c);
    requireFresh(viewer, clock.now());
    const form = await readForm(c, capForm);
    if (!form.ok) {
      c.status(422);
      return show(c, { capAgain: form });
    }
    await saveOwnerCap(sql, audit, { actor: viewer.email, cap: form.value });
    return c.redirect(href(SYBILS_PATH), 303);
  });
}

function clusteringIn(c: HubContext): Clustering {
  const by = c.req.query('by') ?? 'address';
  const found = CLUSTERINGS.find((one) => one === by);
  if (found === undefined)
    throw new HttpError(400, 'bad_clustering', `Nodes are not put together by '${by}'.`, {
      fix: `Give by= one of ${CLUSTERINGS.join(', ')}.`,
    });
  return found;
}

function fromIn(c: HubContext): number {
  const text = c.req.query('from') ?? '0';
  if (/^\d{1,7}$/.test(text)) return Number(text);
  throw new HttpError(400, 'bad_place', 'The address names no place in the list.', {
    fix: 'Give from= how many clusters you had, or leave it out.',
  });
}
