import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { requireFresh } from '#accounts/index.ts';
import type { Clock } from '../clock.ts';
import { type Faults, line, many, readForm, type Typed } from '../console/form.tsx';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { KEY_SCOPES, type Viewer, viewerOf } from '../viewer.ts';
import type { ApiKeys } from './api-keys.ts';
import { ApiKeysPage, LIVES } from './page.tsx';

export interface ApiKeyRoutesDeps {
  readonly keys: ApiKeys;
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly clock: Pick<Clock, 'now'>;
}

const request = z.strictObject({
  name: line(60),
  scopes: many(z.enum(KEY_SCOPES), 1),
  days: z.enum(LIVES, 'Choose one of the terms.'),
});

/** The page on which people make and revoke their API keys. */
export function apiKeyRoutes({ keys, guard, clock }: ApiKeyRoutesDeps): HttpFeature {
  const show = async (
    c: HubContext,
    viewer: Viewer,
    shown: { made?: { text: string; name: string }; typed?: Typed; faults?: Faults } = {},
  ): Promise<Response> => {
    const page = <ApiKeysPage keys={await keys.list(viewer)} now={clock.now()} {...shown} />;
    return c.render(page, { title: 'API keys', nav: 'settings' });
  };
  return {
    mount(app: HubApp) {
      app.use('/settings/api-keys', guard);
      app.use('/settings/api-keys/*', guard);
      app.get('/settings/api-keys', (c) => show(c, viewerOf(c)));
      app.post('/settings/api-keys', async (c) => {
        const viewer = viewerOf(c);
        requireFresh(viewer, clock.now());
        const form = await readForm(c, request);
        if (!form.ok) {
          c.status(422);
          return show(c, viewer, form);
        }
        const { name, scopes, days } = form.value;
        const { text } = await keys.create(viewer, { name, scopes, days: Number(days) });
        // No redirect: the key is in this answer and nowhere else.
        return show(c, viewer, { made: { text, name } });
      });
      app.post('/settings/api-keys/:id/revoke', async (c) => {
        const viewer = viewerOf(c);
        requireFresh(viewer, clock.now());
        await keys.revoke(viewer, c.req.param('id'));
        return c.redirect(href('/settings/api-keys'), 303);
      });
    },
  };
}
