import type { MiddlewareHandler } from 'hono';
import { requireTier } from '#accounts/index.ts';
import type { HttpEnv, HttpFeature, HubApp } from '../http.ts';
import { notFound } from '../http-error.ts';
import { ReleasesPage } from './list-page.tsx';
import { ReleasePage } from './release-page.tsx';
import type { ReleaseViews } from './view.ts';

export interface ReleasePagesDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly views: ReleaseViews;
}

/** Releases, for admins to look at: what changes them takes a shell and signatures. */
export function releasePages({ guard, views }: ReleasePagesDeps): HttpFeature {
  const admin = requireTier('modern');
  const one = async (text: string) => {
    const view = /^[1-9]\d{0,9}$/.test(text) ? await views.one(Number(text)) : undefined;
    if (view === undefined) throw notFound('This release');
    return view;
  };
  return {
    nav: [
      {
        id: 'releases',
        path: '/admin/releases',
        word: 'Releases',
        group: 'admin',
        place: 20,
        least: 'modern',
      },
    ],
    mount(app: HubApp) {
      app.get('/admin/releases', guard, admin, async (c) =>
        c.render(<ReleasesPage view={await views.list()} />, { title: 'Releases', nav: 'releases' }),
      );
      app.get('/admin/releases/:version', guard, admin, async (c) => {
        const view = await one(c.req.param('version'));
        return c.render(<ReleasePage view={view} />, {
          title: `Release ${view.row.release.release}`,
          nav: 'releases',
        });
      });
    },
  };
}
