import { createRoute } from '@hono/zod-openapi';
import { viewerWith } from '#api-keys/index.ts';
import { type TokenLedger, tokenState } from '#joining/index.ts';
import { EnrolmentError } from '#nodes/index.ts';
import type { Clock } from '../clock.ts';
import { HttpError } from '../http-error.ts';
import { type Api, access, FAILURES, iso, json } from './route.ts';
import { madeTokenSchema, tokenBody, tokenIdParam, tokenPageSchema, tokenQuery } from './schemas.ts';

export interface TokenApiDeps {
  readonly ledger: TokenLedger;
  readonly clock: Pick<Clock, 'now'>;
}

const list = createRoute({
  method: 'get',
  path: '/api/v1/tokens',
  summary: 'List join tokens',
  ...access('tokens:write'),
  request: { query: tokenQuery },
  responses: { ...FAILURES, 200: json(tokenPageSchema, 'The newest first') },
});
const make = createRoute({
  method: 'post',
  path: '/api/v1/tokens',
  summary: 'Make a join token',
  ...access('tokens:write'),
  request: { body: { required: true, content: { 'application/json': { schema: tokenBody } } } },
  responses: { ...FAILURES, 201: json(madeTokenSchema, 'The token, which is shown once') },
});
const revoke = createRoute({
  method: 'delete',
  path: '/api/v1/tokens/{id}',
  summary: 'Revoke a join token',
  ...access('tokens:write'),
  request: { params: tokenIdParam },
  responses: { ...FAILURES, 204: { description: 'It works no more; nodes that joined with it stay' } },
});

export function addTokenRoutes(api: Api, { ledger, clock }: TokenApiDeps): void {
  api.openapi(list, async (c) => {
    const viewer = viewerWith(c, 'tokens:write');
    const page = await ledger.page(viewer, c.req.valid('query').after);
    const tokens = page.tokens.map((token) => ({
      id: token.tokenId,
      owner: token.owner,
      label: token.label ?? null,
      tags: [...token.tags],
      state: tokenState(token, clock.now()),
      uses: token.maxUses,
      usesLeft: token.usesLeft,
      nodes: [...token.usedBy],
      createdAt: iso(token.createdAt),
      expiresAt: iso(token.expiresAt),
    }));
    return c.json({ tokens, next: page.next ?? null }, 200);
  });
  api.openapi(make, async (c) => {
    const viewer = viewerWith(c, 'tokens:write');
    const { label, tags, uses, ttlMinutes } = c.req.valid('json');
    const request = { tags, uses, ttlMs: ttlMinutes * 60_000, ...(label !== undefined && { label }) };
    try {
      return c.json({ token: await ledger.create(viewer, request) }, 201);
    } catch (cause) {
      if (!(cause instanceof EnrolmentError)) throw cause;
      throw new HttpError(422, cause.code, cause.message, { fix: 'The bounds stand at /docs.', cause });
    }
  });
  api.openapi(revoke, async (c) => {
    const viewer = viewerWith(c, 'tokens:write');
    await ledger.revoke(viewer, c.req.valid('param').id);
    return c.body(null, 204);
  });
}
