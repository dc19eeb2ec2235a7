import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { NODE_ID } from '#nodes/index.ts';
import type { Bus } from '../bus.ts';
import type { Clock } from '../clock.ts';
import { readForm } from '../console/form.tsx';
import { markup } from '../console/markup.ts';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { notFound } from '../http-error.ts';
import { RefreshedByKey } from '../refreshed-by-key.ts';
import { viewerOf } from '../viewer.ts';
import type { ImportedNodes } from './imported-nodes.ts';
import { ImportedPage } from './page.tsx';

export interface ImportRoutesDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly imported: ImportedNodes;
  readonly bus: Bus;
  readonly clock: Pick<Clock, 'now'>;
}

const choice = z.strictObject({ label: z.string().min(1).max(64) });

/** Where owners say which imported node a joined one is; a line above every page tells them that it waits. */
export function importRoutes({ guard, imported, bus, clock }: ImportRoutesDeps): HttpFeature {
  const counts = new RefreshedByKey({ clock, load: (owner) => imported.undecidedCount(owner) });
  const decide = async (c: HubContext, label: string | undefined): Promise<Response> => {
    const nodeId = c.req.param('id') ?? '';
    const decided = NODE_ID.test(nodeId) && (await imported.decide(viewerOf(c).email, nodeId, label));
    if (!decided) throw notFound('This choice');
    bus.publish('nodes', { ids: [nodeId] });
    return c.redirect(href('/imported'), 303);
  };
  return {
    slots: {
      top: async ({ email }) => {
        const count = await counts.read(email);
        if (count === 0) return undefined;
        const what =
          count === 1
            ? 'A joined node may be one of several'
            : `${count} joined nodes may each be one of several`;
        return markup`<div class="announcement is-caution" role="note"><p>${what} that you brought from another hub. <a href="${href('/imported')}">Choose</a></p></div>`;
      },
    },
    mount(app: HubApp) {
      app.use('/imported', guard);
      app.use('/imported/*', guard);
      app.get('/imported', async (c) =>
        c.render(<ImportedPage {...(await imported.standing(viewerOf(c).email))} />, {
          title: 'Imported nodes',
          nav: 'nodes',
        }),
      );
      app.post('/imported/:id', async (c) => {
        const form = await readForm(c, choice);
        if (!form.ok) throw notFound('This choice');
        return decide(c, form.value.label);
      });
      app.post('/imported/:id/none', (c) => decide(c, undefined));
    },
  };
}
