import { withoutScope } from '../console/scope.ts';
import type { HttpFeature, HubApp } from '../http.ts';
import type { Accounts } from './accounts.ts';
import { ConfirmPage, SignInPage } from './page.tsx';

const HOME = '/fleet';

/** Signing in and out. */
export function accountRoutes(accounts: Accounts): HttpFeature {
  return {
    mount(app: HubApp) {
      app.get('/sign-in', async (c) => {
        if (await accounts.identify(c)) return c.redirect(localPath(c.req.query('next')));
        c.header('cache-control', 'no-store');
        return c.render(<SignInPage failed={c.req.query('failed') !== undefined} />, { title: 'Sign in' });
      });
      app.get('/sign-in/:link', (c) => {
        c.header('cache-control', 'no-store');
        return c.render(<ConfirmPage link={c.req.param('link')} next={localPath(c.req.query('next'))} />, {
          title: 'Sign in',
        });
      });
      app.post('/sign-in', async (c) => {
        const form = await c.req.parseBody();
        const signedIn = await accounts.signIn(c, String(form['link'] ?? ''));
        return c.redirect(signedIn ? localPath(String(form['next'] ?? '')) : '/sign-in?failed', 303);
      });
      app.post('/sign-out', async (c) => {
        await accounts.signOut(c);
        return c.redirect('/sign-in', 303);
      });
    },
  };
}

/** Without the scope, which may be another account's. Only where this hub itself answers: anything else would make the sign-in page send people elsewhere. */
export function localPath(wanted: string | undefined): string {
  const base = 'http://hub.invalid';
  const url = wanted?.startsWith('/') ? URL.parse(wanted, base) : null;
  // A path that begins with two slashes (as `/.//host` becomes) would be read as a host.
  if (url?.origin !== base || url.pathname.startsWith('//')) return HOME;
  const path = withoutScope(url.pathname);
  return path.startsWith('//') ? HOME : path + url.search;
}
