import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { findNode, type Liveness, type NodeListing, NodePage } from '#nodes/index.ts';
import type { Clock } from '../../clock.ts';
import type { Typed } from '../../console/form.tsx';
import { liveUrl } from '../../console/live.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../../http.ts';
import { HttpError } from '../../http-error.ts';
import type { Log } from '../../log.ts';
import { type Viewer, viewerOf } from '../../viewer.ts';
import type { AuditLog } from '../audit-log.ts';
import type { AuditExport } from '../export.ts';
import { auditQuery, exportQuery, filterOf } from '../query.ts';
import { rangeOf } from '../range.ts';
import { type AuditStore, scopeOf } from '../store.ts';
import { NodeAuditTab } from './node-tab.tsx';
import { AuditPage } from './page.tsx';

export interface AuditRoutesDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly store: AuditStore;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly exports: AuditExport;
  readonly listing: Pick<NodeListing, 'find'>;
  readonly liveness: Liveness;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

const PAGE_ROWS = 50;

/** The log's page, its export, and the Audit tab of a node. */
export function auditRoutes(deps: AuditRoutesDeps): HttpFeature {
  return {
    nav: [{ id: 'audit', path: '/audit', word: 'Audit', group: 'scope', place: 80 }],
    mount(app: HubApp) {
      app.use('/nodes/:id/audit', deps.guard);
      app.get('/nodes/:id/audit', (c) => showNode(c, deps));
      app.use('/audit', deps.guard);
      app.use('/audit/*', deps.guard);
      app.get('/audit', (c) => showLog(c, deps));
      app.get('/audit/export', (c) => sendExport(c, deps));
    },
  };
}

async function showLog(c: HubContext, { store, clock }: AuditRoutesDeps): Promise<Response> {
  const scope = scopeOf(viewerOf(c));
  const typed: Typed = c.req.query();
  const read = auditQuery.safeParse(typed);
  const faults = read.success ? {} : faultsOf(read.error);
  if (!read.success) c.status(400);
  const { rows, next } = read.success
    ? await store.page(scope, filterOf(read.data), {
        before: read.data.before === undefined ? undefined : Number(read.data.before),
        limit: PAGE_ROWS,
      })
    : { rows: [], next: undefined };
  return c.render(<AuditPage {...{ scope, rows, next, typed, faults }} now={clock.now()} />, {
    title: 'Audit',
    nav: 'audit',
  });
}

async function showNode(c: HubContext, deps: AuditRoutesDeps): Promise<Response> {
  const { store, liveness } = deps;
  const node = await findNode(c, deps);
  const { nodeId } = node;
  const scope = scopeOf(viewerOf(c));
  const { rows, next } = await store.page(scope, { subject: nodeId }, { limit: PAGE_ROWS });
  const at = liveness.at();
  return c.render(
    <NodePage node={node} at={at} tab="audit">
      <NodeAuditTab {...{ nodeId, scope, rows, more: next !== undefined }} now={at.now} />
    </NodePage>,
    { title: node.label, nav: 'nodes', live: liveUrl({ node: [nodeId] }) },
  );
}

function faultsOf(error: z.ZodError): Record<string, string> {
  return Object.fromEntries(error.issues.map(({ path, message }) => [String(path[0] ?? ''), message]));
}

async function sendExport(c: HubContext, deps: AuditRoutesDeps): Promise<Response> {
  const query = exportQuery.safeParse(c.req.query());
  if (!query.success)
    throw new HttpError(400, 'bad_range', `The range is not one: ${z.prettifyError(query.error)}`, {
      fix: 'Name days as since=2026-11-01 and until=2026-11-30, or none for everything.',
    });
  const range = await rangeOf(deps.store, query.data);
  return exportAnswer(c, deps, { viewer: viewerOf(c), range });
}

/** Told in the log first, then streamed: an export of everything holds the row that tells of itself. */
async function exportAnswer(
  c: HubContext,
  { audit, exports, log }: Pick<AuditRoutesDeps, 'audit' | 'exports' | 'log'>,
  { viewer, range }: { viewer: Viewer; range: { from: number; to: number } },
): Promise<Response> {
  const scope = scopeOf(viewer);
  await audit.append({
    actor: viewer.email,
    act: 'audit.export',
    subject: '',
    detail: { scope: scope.kind, ...range },
  });
  const lines = exports.lines({ scope, range, by: viewer.email });
  // Both ends of a broken stream are closed: what was sent has no footer, and is no export.
  const packed = pipeline(Readable.from(lines, { objectMode: false }), createGzip(), (error) => {
    if (error) log.warn({ err: error, requestId: c.get('requestId') }, 'an audit export was broken off');
  });
  c.header('content-type', 'application/gzip');
  c.header('content-disposition', 'attachment; filename="stoa-audit.jsonl.gz"');
  return c.body(Readable.toWeb(packed) as ReadableStream);
}
