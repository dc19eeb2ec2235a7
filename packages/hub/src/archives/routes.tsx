import type { MiddlewareHandler } from 'hono';
import type { Child } from 'hono/jsx';
import { isUuid, type JobReader } from '#jobs/index.ts';
import { findNode, type Liveness, type NodeDetail, type NodeListing, NodePage } from '#nodes/index.ts';
import type { OwnerKeyStore } from '#owner-keys/index.ts';
import { liveUrl } from '../console/live.ts';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { notFound } from '../http-error.ts';
import { viewerOf } from '../viewer.ts';
import { BackupPage } from './backup-page.tsx';
import type { ArchiveDesk, LinkUse } from './desk.ts';
import { type NodeBackup, readKeepsakes } from './keepsakes.ts';
import { ArchivesTab } from './tab.tsx';

export interface ArchiveRoutesDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly desk: ArchiveDesk;
  readonly jobs: Pick<JobReader, 'keepsakes'>;
  readonly ownerKeys: Pick<OwnerKeyStore, 'history'>;
  readonly listing: Pick<NodeListing, 'find'>;
  readonly liveness: Liveness;
}

/** The Backups tab of a node, and a page for each backup. */
export function archiveRoutes(deps: ArchiveRoutesDeps): HttpFeature {
  const { guard, desk } = deps;
  return {
    mount(app: HubApp) {
      app.use('/nodes/:id/backups', guard);
      app.use('/nodes/:id/backups/*', guard);
      app.get('/nodes/:id/backups', (c) => showTab(c, deps));
      app.post('/nodes/:id/backups/place', async (c) => {
        const node = await findNode(c, deps);
        const to = await desk.place(viewerOf(c), node);
        return c.redirect(runPath(node, 'backup-stoachain', { to }), 303);
      });
      app.get('/nodes/:id/backups/:job', (c) => showBackup(c, deps, undefined));
      app.post('/nodes/:id/backups/:job/link', (c) => showBackup(c, deps, 'download'));
      app.post('/nodes/:id/backups/:job/use/:kind{seed-promote|backup-restore}', async (c) => {
        const node = await findNode(c, deps);
        const backup = await findBackup(c, deps, node);
        if (!(await desk.may(viewerOf(c), node.nodeId))) throw notFound('This act');
        const use = c.req.param('kind') as 'seed-promote' | 'backup-restore';
        const from = await sourceOf(c, deps, { node, backup, use });
        return c.redirect(runPath(node, use, { from, sha256: backup.sha256 }), 303);
      });
    },
  };
}

/** As the parameter `from` of a job names it; storage that the hub has no key of is left to whoever has it. */
async function sourceOf(
  c: HubContext,
  { desk }: ArchiveRoutesDeps,
  by: { node: NodeDetail; backup: NodeBackup; use: LinkUse },
): Promise<string> {
  if (by.backup.place.kind === 'disk') return 'disk';
  return desk.holds(by.node.nodeId, by.backup) ? desk.link(viewerOf(c), by.node, by) : 'https://';
}

/** Where the job is looked at, signed and submitted. */
function runPath({ nodeId }: NodeDetail, kind: string, params: Readonly<Record<string, string>>): string {
  const fields = Object.entries(params).map(([name, value]): [string, string] => [`p.${name}`, value]);
  return href(`/jobs/run?${new URLSearchParams([['kind', kind], ['q', `id:${nodeId}`], ...fields])}`);
}

async function showTab(c: HubContext, deps: ArchiveRoutesDeps): Promise<Response> {
  const node = await findNode(c, deps);
  const { nodeId } = node;
  const [rows, keys, works] = await Promise.all([
    deps.jobs.keepsakes(nodeId),
    deps.ownerKeys.history(node.owner),
    deps.desk.may(viewerOf(c), nodeId),
  ]);
  const view = { ...readKeepsakes(rows), nodeId, keys, works, hasStorage: deps.desk.hasStorage };
  return render(c, deps, node, <ArchivesTab view={view} now={deps.liveness.at().now} />);
}

async function showBackup(
  c: HubContext,
  deps: ArchiveRoutesDeps,
  use: LinkUse | undefined,
): Promise<Response> {
  const { desk, ownerKeys, liveness } = deps;
  const node = await findNode(c, deps);
  const backup = await findBackup(c, deps, node);
  const link = use && (await desk.link(viewerOf(c), node, { backup, use }));
  const [keys, works] = await Promise.all([
    ownerKeys.history(node.owner),
    desk.may(viewerOf(c), node.nodeId),
  ]);
  const view = { nodeId: node.nodeId, backup, keys, works, held: desk.holds(node.nodeId, backup), link };
  // A page with a link in it is for whoever asked.
  if (link !== undefined) c.header('cache-control', 'no-store');
  return render(c, deps, node, <BackupPage view={view} now={liveness.at().now} />);
}

function render(
  c: HubContext,
  { liveness }: ArchiveRoutesDeps,
  node: NodeDetail,
  body: Child,
): Response | Promise<Response> {
  return c.render(
    <NodePage node={node} at={liveness.at()} tab="backups">
      {body}
    </NodePage>,
    { title: node.label, nav: 'nodes', live: liveUrl({ node: [node.nodeId] }) },
  );
}

async function findBackup(
  c: HubContext,
  { jobs }: ArchiveRoutesDeps,
  { nodeId }: NodeDetail,
): Promise<NodeBackup> {
  const jobId = c.req.param('job') ?? '';
  const { backups } = readKeepsakes(isUuid(jobId) ? await jobs.keepsakes(nodeId) : []);
  const backup = backups.find((each) => each.jobId === jobId);
  if (backup === undefined) throw notFound('This backup');
  return backup;
}
