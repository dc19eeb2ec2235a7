import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { type Faults, readForm } from '../../console/form.tsx';
import { href } from '../../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../../http.ts';
import { viewerOf } from '../../viewer.ts';
import { type Accounts, actOf } from '../accounts.ts';
import { localPath } from '../local-path.ts';
import { requireFresh } from '../require-fresh.ts';
import { ConfirmPage } from './sign-in-page.tsx';

const sent = z.strictObject({
  password: z.string().min(1, 'your password').max(200),
  email: z.string().max(254).optional(),
  next: z.string().max(2_000).optional(),
});

/** Proving anew that one is there: signing in once more, which takes the place of the session that one has. */
export function confirmRoutes(accounts: Accounts, guard: MiddlewareHandler<HttpEnv>): HttpFeature {
  const { api, options } = accounts;
  const show = (c: HubContext, next: string, faults?: Faults) => {
    c.status(faults === undefined ? 200 : 401);
    const page = <ConfirmPage next={next} email={viewerOf(c).email} faults={faults} />;
    return c.render(page, { title: 'Is it you?', scripts: ['passkey.js'] });
  };
  return {
    mount(app: HubApp) {
      app.get('/confirm', guard, (c) => show(c, localPath(c.req.query('next'))));
      app.post('/confirm', guard, async (c) => {
        const { email } = viewerOf(c);
        const form = await readForm(c, sent);
        const next = localPath(form.ok ? form.value.next : String(form.typed['next'] ?? ''));
        if (!form.ok) return show(c, next, form.faults);
        await accounts.countTry(email);
        const { password } = form.value;
        const answer = await api.call(c, { path: '/sign-in/email', body: { email, password } });
        if (!answer.ok) return show(c, next, { password: 'The password is wrong.' });
        await accounts.forgetTries(email);
        const more = answer.body['twoFactorRedirect'] === true;
        return c.redirect(more ? `/sign-in/code?next=${encodeURIComponent(next)}` : href(next), 303);
      });

      // Of better-auth's own endpoints a browser reaches those that a script must call, and no others.
      app.get('/auth/passkey/generate-authenticate-options', (c) =>
        api.forward(c, '/passkey/generate-authenticate-options'),
      );
      app.post('/auth/passkey/verify-authentication', (c) =>
        api.forward(c, '/passkey/verify-authentication'),
      );
      app.get('/auth/passkey/generate-register-options', guard, async (c) => {
        requireFresh(viewerOf(c), options.clock.now());
        const { token } = await accounts.sessionOf(c);
        return api.forward(c, '/passkey/generate-register-options', { token });
      });
      app.post('/auth/passkey/verify-registration', guard, async (c) => {
        const { email } = viewerOf(c);
        const { token } = await accounts.sessionOf(c);
        const act = actOf(email, 'account.passkey_add');
        return api.forward(c, '/passkey/verify-registration', { token, act });
      });
    },
  };
}
