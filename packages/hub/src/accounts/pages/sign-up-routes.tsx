import { z } from 'zod';
import { emailAddress, readForm } from '../../console/form.tsx';
import type { HttpFeature, HubApp, HubContext } from '../../http.ts';
import type { Accounts } from '../accounts.ts';
import { newPassword } from '../password.ts';
import { CheckMailPage, ClosedPage, ForgotPage, ResetPage, SignUpPage } from './sign-up-page.tsx';

const address = z.strictObject({ email: emailAddress() });
const reset = z.strictObject({ token: z.string().max(200), password: newPassword });

/** Making an account, and a new password for one who forgot it. */
export function signUpRoutes(accounts: Accounts): HttpFeature {
  const { api } = accounts;
  const isOpen = async () => accounts.options.signUp === 'open' && (await accounts.isClaimed());
  return {
    mount(app: HubApp) {
      app.get('/sign-up', async (c) =>
        show(c, (await isOpen()) ? <SignUpPage /> : <ClosedPage />, 'Make an account'),
      );
      app.post('/sign-up', async (c) => {
        const form = await readForm(c, address);
        if (!(await isOpen())) return show(c, <ClosedPage />, 'Sign-up is closed', 403);
        if (!form.ok) return show(c, <SignUpPage {...form} />, 'Make an account', 422);
        await accounts.countRequest(c);
        // What follows takes longer for one than for the other: nobody waits for it.
        accounts.inBackground(accounts.signUp(form.value.email));
        return show(c, <CheckMailPage what="sign-up" />, 'Look into your e-mail');
      });
      app.get('/forgot', (c) => show(c, <ForgotPage />, 'Forgot the password'));
      app.post('/forgot', async (c) => {
        const form = await readForm(c, address);
        if (!form.ok) return show(c, <ForgotPage {...form} />, 'Forgot the password', 422);
        await accounts.countRequest(c);
        accounts.inBackground(
          api.call(c, { path: '/request-password-reset', body: form.value, detached: true }),
        );
        return show(c, <CheckMailPage what="reset" />, 'Look into your e-mail');
      });
      app.get('/reset/:token', (c) =>
        show(c, <ResetPage token={c.req.param('token')} />, 'Choose a password'),
      );
      app.post('/reset', async (c) => {
        const form = await readForm(c, reset);
        const token = form.ok ? form.value.token : String(form.typed['token'] ?? '');
        if (!form.ok)
          return show(c, <ResetPage token={token} faults={form.faults} />, 'Choose a password', 422);
        if (await accounts.resetPassword(c, form.value)) return c.redirect('/sign-in?told=reset&add', 303);
        const faults = {
          '': 'That link does not work: it was used already, or is too old. Ask for a new one.',
        };
        return show(c, <ResetPage token={token} faults={faults} />, 'Choose a password', 400);
      });
    },
  };
}

function show(
  c: HubContext,
  page: string | Promise<string>,
  title: string,
  status: 200 | 400 | 403 | 422 = 200,
) {
  c.header('cache-control', 'no-store');
  c.status(status);
  return c.render(page, { title });
}
