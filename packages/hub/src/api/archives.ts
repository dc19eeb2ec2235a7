import { createRoute, z } from '@hono/zod-openapi';
import { viewerWith } from '#api-keys/index.ts';
import { type ArchiveDesk, readKeepsakes, URL_GOOD_MS } from '#archives/index.ts';
import { seenNode } from '#nodes/index.ts';
import type { Clock } from '../clock.ts';
import { notFound } from '../http-error.ts';
import type { JobApiDeps } from './jobs.ts';
import type { NodeApiDeps } from './nodes.ts';
import { type Api, access, FAILURES, iso, json } from './route.ts';
import { nodeIdParam } from './schemas.ts';

export interface ArchiveApiDeps extends Pick<JobApiDeps, 'jobs'>, Pick<NodeApiDeps, 'listing'> {
  readonly archives: ArchiveDesk;
  readonly clock: Pick<Clock, 'now'>;
}

const instant = z.iso.datetime();
const sha256 = z.string().openapi({ description: '64 hex digits.' });
const archivesSchema = z
  .strictObject({
    backups: z.array(
      z.strictObject({
        job: z.string().openapi({ description: 'That made it.' }),
        madeAt: instant,
        sha256,
        bytes: z.int(),
        path: z.string().nullable().openapi({ description: "On the node's own disk." }),
        url: z.string().nullable().openapi({ description: 'In storage, without what signs the way there.' }),
        linkable: z.boolean().openapi({ description: 'Whether this hub can make a link to it.' }),
        sealedTo: z.string().nullable().openapi({ description: "The owner's public key that opens it." }),
      }),
    ),
    seeds: z.array(
      z.strictObject({
        job: z.string(),
        madeAt: instant,
        sha256,
        file: z.string(),
        from: z.string().nullable().openapi({ description: 'SHA-256 of the backup that it was made of.' }),
      }),
    ),
  })
  .openapi('NodeArchives');
const linkBody = z.strictObject({ job: z.uuid().toLowerCase() }).openapi('BackupLinkWish');
const linkSchema = z
  .strictObject({ url: z.string().openapi({ description: 'Takes ranges.' }), until: instant })
  .openapi('BackupLink');

const list = createRoute({
  method: 'get',
  path: '/api/v1/nodes/{id}/backups',
  summary: 'List backups of a node, and seeds that it made',
  ...access('jobs:read'),
  request: { params: nodeIdParam },
  responses: { ...FAILURES, 200: json(archivesSchema, 'The newest first') },
});
const link = createRoute({
  method: 'post',
  path: '/api/v1/nodes/{id}/backup-links',
  summary: "Make a link to a backup in the region's storage: whoever has it can fetch what is sealed",
  ...access('jobs:write'),
  request: {
    params: nodeIdParam,
    body: { required: true, content: { 'application/json': { schema: linkBody } } },
  },
  responses: { ...FAILURES, 201: json(linkSchema, 'A presigned URL') },
});

/** What the tab Backups shows, and its link. */
export function addArchiveRoutes(api: Api, deps: ArchiveApiDeps): void {
  const { archives, jobs, listing, clock } = deps;
  api.openapi(list, async (c) => {
    const { nodeId } = await seenNode(listing, viewerWith(c, 'jobs:read'), c.req.valid('param').id);
    const { backups, seeds } = readKeepsakes(await jobs.reader.keepsakes(nodeId));
    return c.json(
      {
        backups: backups.map((backup) => {
          const { jobId: job, madeAt, bytes, place, sealedTo = null } = backup;
          const where = {
            path: place.kind === 'disk' ? place.path : null,
            url: place.kind === 'storage' ? place.url : null,
          };
          const linkable = archives.holds(nodeId, backup);
          return { job, madeAt: iso(madeAt), sha256: backup.sha256, bytes, ...where, linkable, sealedTo };
        }),
        seeds: seeds.map(({ jobId: job, madeAt, from = null, ...same }) => ({
          ...{ ...same, job, from, madeAt: iso(madeAt) },
        })),
      },
      200,
    );
  });
  api.openapi(link, async (c) => {
    const viewer = viewerWith(c, 'jobs:write');
    const node = await seenNode(listing, viewer, c.req.valid('param').id);
    const { job } = c.req.valid('json');
    const { backups } = readKeepsakes(await jobs.reader.keepsakes(node.nodeId));
    const backup = backups.find(({ jobId }) => jobId === job);
    if (backup === undefined) throw notFound('This backup');
    const until = iso(clock.now() + URL_GOOD_MS);
    return c.json({ url: await archives.link(viewer, node, { backup, use: 'download' }), until }, 201);
  });
}
