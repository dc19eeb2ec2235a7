import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { type Faults, line, readForm } from '../console/form.tsx';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { HttpError } from '../http-error.ts';
import { listUrl, parseSelector } from '../nodes/index.ts';
import { printSelector } from '../selector/index.ts';
import { viewerOf } from '../viewer.ts';
import { ViewLinks, ViewsPage } from './page.tsx';
import type { SavedViews } from './saved-views.ts';

const saveForm = z.strictObject({ name: line(60), q: z.string().max(1_000) });
const renameForm = z.strictObject({ name: line(60) });

/** Selectors with names: saved from the list, changed on a page of their own. */
export function savedViewRoutes({
  views,
  guard,
}: {
  views: SavedViews;
  guard: MiddlewareHandler<HttpEnv>;
}): HttpFeature {
  const show = async (c: HubContext, fault?: string) =>
    c.render(<ViewsPage views={await views.list(viewerOf(c))} fault={fault} />, {
      title: 'Saved views',
      nav: 'nodes',
    });
  const refuse = (c: HubContext, faults: Faults) => {
    c.status(422);
    return show(c, `The name needs ${Object.values(faults)[0] ?? 'another form'}.`);
  };
  /** What the store refuses, shown on the page where it was asked for. */
  const attempt = async (c: HubContext, act: () => Promise<void>, next: string) => {
    try {
      await act();
      return c.redirect(href(next), 303);
    } catch (error) {
      if (!(error instanceof HttpError) || error.status !== 409) throw error;
      c.status(409);
      return show(c, `${error.message} ${error.fix}`);
    }
  };
  return {
    mount(app: HubApp) {
      app.use('/views', guard);
      app.use('/views/*', guard);
      app.get('/views', (c) => show(c));
      app.get('/views/menu', async (c) => c.html(<ViewLinks views={await views.list(viewerOf(c))} />));
      app.post('/views', async (c) => {
        const form = await readForm(c, saveForm);
        if (!form.ok) return refuse(c, form.faults);
        const selector = printSelector(parseSelector(form.value.q));
        const next = `/${listUrl(selector)}`;
        return attempt(c, () => views.save(viewerOf(c), { name: form.value.name, selector }), next);
      });
      app.post('/views/:id/rename', async (c) => {
        const form = await readForm(c, renameForm);
        if (!form.ok) return refuse(c, form.faults);
        return attempt(c, () => views.rename(viewerOf(c), c.req.param('id'), form.value.name), '/views');
      });
      app.post('/views/:id/delete', async (c) => {
        await views.remove(viewerOf(c), c.req.param('id'));
        return c.redirect(href('/views'), 303);
      });
    },
  };
}
