import { createRoute } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import type { AuditStore } from '#audit/index.ts';
import type { HttpEnv, HttpFeature, HubApp } from '../http.ts';
import { viewerOf } from '../viewer.ts';
import { type ArchiveApiDeps, addArchiveRoutes } from './archives.ts';
import { addAuditRoutes } from './audit.ts';
import { DocsPage } from './docs-page.tsx';
import { addJobRoutes, type JobApiDeps } from './jobs.ts';
import { addNodeRoutes, type NodeApiDeps } from './nodes.ts';
import { addPayoutRoutes, type PayoutApiDeps } from './payouts.ts';
import { addReleaseRoutes, type ReleaseApiDeps } from './releases.ts';
import { type Api, type ApiDocument, access, createApi, FAILURES, json } from './route.ts';
import { meSchema } from './schemas.ts';
import { addScoreRoutes, type ScoreApiDeps } from './scores.ts';
import { addSshRoutes, type SshApiDeps } from './ssh.ts';
import { addTokenRoutes, type TokenApiDeps } from './tokens.ts';

export interface ApiDeps
  extends NodeApiDeps,
    TokenApiDeps,
    JobApiDeps,
    SshApiDeps,
    ArchiveApiDeps,
    PayoutApiDeps,
    ReleaseApiDeps,
    ScoreApiDeps {
  /** Lets pass who shows an API key, or who is signed in. */
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly auditStore: Pick<AuditStore, 'page'>;
  readonly version: string;
  readonly publicUrl: string;
}

const me = createRoute({
  method: 'get',
  path: '/api/v1/me',
  summary: 'Who asks',
  ...access(),
  responses: { ...FAILURES, 200: json(meSchema, 'The account, and the scopes of the key') },
});

/** What programs use: the same acts as the console's, over JSON, and their description. */
export function apiRoutes(deps: ApiDeps): HttpFeature {
  const api = createApi();
  api.use('/api/v1/*', deps.guard);
  api.openapi(me, (c) => {
    const { email, tier, keyScopes } = viewerOf(c);
    return c.json({ email, tier, scopes: keyScopes === undefined ? null : [...keyScopes] }, 200);
  });
  addNodeRoutes(api, deps);
  addTokenRoutes(api, deps);
  addAuditRoutes(api, deps);
  addJobRoutes(api, deps);
  addSshRoutes(api, deps);
  addArchiveRoutes(api, deps);
  addPayoutRoutes(api, deps);
  addReleaseRoutes(api, deps);
  addScoreRoutes(api, deps);
  const document = describe(api, deps);
  return {
    mount(app: HubApp) {
      app.get('/openapi.json', (c) => c.json(document));
      app.get('/docs', (c) =>
        c.render(<DocsPage document={document} origin={deps.publicUrl} />, { title: 'API' }),
      );
      app.route('/', api);
    },
  };
}

function describe(api: Api, { version, publicUrl }: Pick<ApiDeps, 'version' | 'publicUrl'>): ApiDocument {
  api.openAPIRegistry.registerComponent('securitySchemes', 'key', {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key, made under Settings.',
  });
  api.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: 'stoa',
    description: 'The session of who is signed in at the console.',
  });
  return api.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Stoa Hub',
      version,
      description: 'Every act that is open to your account, for programs. What you may not see answers 404.',
    },
    servers: [{ url: publicUrl }],
  });
}
