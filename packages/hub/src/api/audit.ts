import { createRoute } from '@hono/zod-openapi';
import { toHex } from '@stoa/protocol';
import { viewerWith } from '#api-keys/index.ts';
import { type AuditStore, auditFilterOf, auditScopeOf } from '#audit/index.ts';
import { type Api, access, FAILURES, iso, json } from './route.ts';
import { auditPageQuery, auditPageSchema } from './schemas.ts';

const list = createRoute({
  method: 'get',
  path: '/api/v1/audit',
  summary: 'Search the audit log',
  ...access('audit:read'),
  request: { query: auditPageQuery },
  responses: { ...FAILURES, 200: json(auditPageSchema, 'The newest first') },
});

export function addAuditRoutes(api: Api, { auditStore }: { auditStore: Pick<AuditStore, 'page'> }): void {
  api.openapi(list, async (c) => {
    const viewer = viewerWith(c, 'audit:read');
    const { limit, after, ...query } = c.req.valid('query');
    const before = after === undefined ? undefined : Number(after);
    const { rows, next } = await auditStore.page(auditScopeOf(viewer), auditFilterOf(query), {
      before,
      limit,
    });
    const acts = rows.map(({ seq, at, actor, act, subject, owner = null, detail, hash, prunedAt }) => ({
      ...{ seq, actor, act, subject, owner, detail },
      at: iso(at),
      hash: toHex(hash),
      blanked: prunedAt !== undefined,
    }));
    return c.json({ acts, next: next === undefined ? null : String(next) }, 200);
  });
}
