import { createRoute } from '@hono/zod-openapi';
import { viewerWith } from '#api-keys/index.ts';
import type { BulkActs } from '#bulk/index.ts';
import {
  decodeCursor,
  encodeCursor,
  type Instant,
  type Liveness,
  type NodeListing,
  type NodeSummary,
  parseSelector,
  stateName,
  toDetail,
} from '#nodes/index.ts';
import { notFound } from '../http-error.ts';
import type { Viewer } from '../viewer.ts';
import { type Api, access, FAILURES, iso, json } from './route.ts';
import { nodeDetailSchema, nodeIdParam, nodePageSchema, nodeQuery, tagsBody } from './schemas.ts';

export interface NodeApiDeps {
  readonly listing: NodeListing;
  readonly acts: BulkActs;
  readonly liveness: Liveness;
}

const list = createRoute({
  method: 'get',
  path: '/api/v1/nodes',
  summary: 'List nodes',
  ...access('nodes:read'),
  request: { query: nodeQuery },
  responses: { ...FAILURES, 200: json(nodePageSchema, 'By label') },
});
const show = createRoute({
  method: 'get',
  path: '/api/v1/nodes/{id}',
  summary: 'Show a node',
  ...access('nodes:read'),
  request: { params: nodeIdParam },
  responses: { ...FAILURES, 200: json(nodeDetailSchema, 'The node') },
});
const tag = createRoute({
  method: 'post',
  path: '/api/v1/nodes/{id}/tags',
  summary: 'Add and remove tags',
  ...access('nodes:write'),
  request: {
    params: nodeIdParam,
    body: { required: true, content: { 'application/json': { schema: tagsBody } } },
  },
  responses: { ...FAILURES, 200: json(nodeDetailSchema, 'The node with its tags as they are now') },
});
const retire = createRoute({
  method: 'post',
  path: '/api/v1/nodes/{id}/retire',
  summary: 'Retire a node: for its owner in person, who proved to be there within five minutes',
  ...access('nodes:write'),
  request: { params: nodeIdParam },
  responses: { ...FAILURES, 200: json(nodeDetailSchema, 'The retired node') },
});

export function addNodeRoutes(api: Api, { listing, acts, liveness }: NodeApiDeps): void {
  const detail = async (viewer: Viewer, id: string) => {
    const at = liveness.at();
    for await (const [row] of listing.all(viewer, parseSelector(`id:${id}`), at)) {
      if (row === undefined) continue;
      const node = toDetail(row);
      const { role, peers = null, rttMs = null, facts } = node;
      return {
        ...summary(node, at),
        ...{
          tags: row.tags,
          role,
          hardware: row.hw_type,
          peers,
          rttMs,
          chainweb: facts.chainweb ?? 'unknown',
        },
        joinedAt: iso(facts.createdAt ?? 0),
      };
    }
    throw notFound('This node');
  };
  const act = async (viewer: Viewer, id: string, name: 'tag' | 'untag' | 'retire', word = '') => {
    await acts.run(viewer, { act: name, selector: parseSelector(`id:${id}`), tag: word }, 1);
  };
  api.openapi(list, async (c) => {
    const viewer = viewerWith(c, 'nodes:read');
    const { q, limit, after } = c.req.valid('query');
    const at = liveness.at();
    const position = after === undefined ? undefined : { after: decodeCursor(after) };
    const page = await listing.page(viewer, parseSelector(q), position, at);
    const rows = page.rows.slice(0, limit);
    const last = page.rows.length > limit ? rows.at(-1) : undefined;
    const next = last === undefined ? page.next : { label: last.label, nodeId: last.nodeId };
    return c.json(
      { nodes: rows.map((node) => summary(node, at)), next: next ? encodeCursor(next) : null },
      200,
    );
  });
  api.openapi(show, async (c) => {
    const viewer = viewerWith(c, 'nodes:read');
    return c.json(await detail(viewer, c.req.valid('param').id), 200);
  });
  api.openapi(tag, async (c) => {
    const viewer = viewerWith(c, 'nodes:write');
    const { id } = c.req.valid('param');
    const { add, remove } = c.req.valid('json');
    await detail(viewer, id);
    for (const word of remove) await act(viewer, id, 'untag', word);
    for (const word of add) await act(viewer, id, 'tag', word);
    return c.json(await detail(viewer, id), 200);
  });
  api.openapi(retire, async (c) => {
    const viewer = viewerWith(c, 'nodes:write');
    const { id } = c.req.valid('param');
    await detail(viewer, id);
    await act(viewer, id, 'retire');
    return c.json(await detail(viewer, id), 200);
  });
}

export function summary(node: NodeSummary, at: Instant) {
  const { nodeId: id, label, owner, region, simulated, facts } = node;
  return {
    ...{ id, label, owner, region, simulated },
    state: stateName(facts, at),
    lag: facts.lag ?? null,
    lastSeen: facts.lastSeen === undefined ? null : iso(facts.lastSeen),
    version: node.agentVersion ?? null,
    cpu: node.cpu ?? null,
    memory: node.memory ?? null,
    disk: node.disk ?? null,
    load: node.load ?? null,
  };
}
