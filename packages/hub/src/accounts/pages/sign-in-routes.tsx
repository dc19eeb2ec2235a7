import { z } from 'zod';
import { emailAddress, type Faults, readForm, type Typed } from '../../console/form.tsx';
import { scopeOf } from '../../console/scope.ts';
import type { HttpFeature, HubApp, HubContext } from '../../http.ts';
import type { Accounts } from '../accounts.ts';
import { CODE_USED, TOTP_PATH } from '../auth.ts';
import { localPath } from '../local-path.ts';
import { CodePage, isTold, LinkPage, SignInPage } from './sign-in-page.tsx';

const next = z.string().max(2_000).optional();
const link = z.strictObject({ link: z.string().max(100).default(''), next });
const withPassword = z.strictObject({
  email: emailAddress(),
  password: z.string().min(1, 'the password').max(200),
  next,
});
const withCode = z.strictObject({
  code: z.string().trim().min(6, 'six digits, or a recovery code').max(20),
  next,
});
const WRONG = 'The e-mail or the password is wrong.';

/** Signing in and out. */
export function signInRoutes(accounts: Accounts): HttpFeature {
  const { api } = accounts;
  return {
    mount(app: HubApp) {
      app.get('/sign-in', async (c) => {
        const signedIn = await accounts.sessions.of(c);
        if (signedIn.length > 0 && c.req.query('add') === undefined)
          return c.redirect(localPath(c.req.query('next')));
        return showSignIn(c, accounts, { next: localPath(c.req.query('next')) });
      });
      app.post('/sign-in', async (c) => {
        const form = await readForm(c, link);
        const signedIn = form.ok && (await accounts.signInByLink(c, form.value.link));
        return c.redirect(signedIn ? localPath(form.value.next) : '/sign-in?told=failed&add', 303);
      });
      app.post('/sign-in/password', async (c) => {
        const form = await readForm(c, withPassword);
        if (!form.ok) return showSignIn(c, accounts, { ...form, status: 422, next: nextOf(form.typed) });
        const { email, password } = form.value;
        const to = localPath(form.value.next);
        await accounts.countTry(email);
        const answer = await api.call(c, { path: '/sign-in/email', body: { email, password } });
        if (answer.ok && answer.body['twoFactorRedirect'] === true)
          return c.redirect(`/sign-in/code?next=${encodeURIComponent(to)}`, 303);
        if (answer.ok) {
          await accounts.forgetTries(email);
          return c.redirect(to, 303);
        }
        return showSignIn(c, accounts, { typed: { email }, faults: { '': WRONG }, status: 401, next: to });
      });
      app.get('/sign-in/code', (c) => showCode(c, localPath(c.req.query('next'))));
      app.post('/sign-in/code', async (c) => {
        const form = await readForm(c, withCode);
        if (!form.ok) return showCode(c, nextOf(form.typed), form.faults);
        const { code } = form.value;
        const digits = code.replaceAll(' ', '');
        const answer = /^\d{6}$/.test(digits)
          ? await api.call(c, { path: TOTP_PATH, body: { code: digits } })
          : await api.call(c, { path: '/two-factor/verify-backup-code', body: { code } });
        if (answer.ok) return c.redirect(localPath(form.value.next), 303);
        return showCode(c, localPath(form.value.next), { '': codeFault(answer.code) });
      });
      app.get('/sign-in/:link', (c) => {
        c.header('cache-control', 'no-store');
        const page = <LinkPage link={c.req.param('link')} next={localPath(c.req.query('next'))} />;
        return c.render(page, { title: 'Sign in' });
      });
      app.post('/sign-out', async (c) => {
        const { all } = await c.req.parseBody();
        const signedIn = await accounts.sessions.of(c);
        const scope = scopeOf(c.req.url) ?? signedIn[0]?.viewer.email;
        const ending = all === undefined ? signedIn.filter(({ viewer }) => viewer.email === scope) : signedIn;
        await accounts.sessions.end(c, ending);
        return c.redirect(ending.length < signedIn.length ? '/fleet' : '/sign-in', 303);
      });
    },
  };
}

function codeFault(code: string): string {
  if (code === CODE_USED) return 'That code was used already: start anew, with the next one.';
  const over = code === 'INVALID_TWO_FACTOR_COOKIE' || code.startsWith('TOO_MANY');
  return over ? 'This attempt is over: start anew.' : 'That code is wrong, or was used already.';
}

function nextOf(typed: Typed): string {
  const wanted = typed['next'];
  return localPath(typeof wanted === 'string' ? wanted : undefined);
}

async function showSignIn(
  c: HubContext,
  accounts: Accounts,
  { status = 200, ...shown }: { next: string; typed?: Typed; faults?: Faults; status?: 200 | 401 | 422 },
): Promise<Response> {
  c.header('cache-control', 'no-store');
  c.status(status);
  const told = c.req.query('told') ?? '';
  const waiting = !(await accounts.isClaimed());
  const signUp = accounts.options.signUp === 'open' && !waiting;
  const page = (
    <SignInPage {...shown} told={isTold(told) ? told : undefined} signUp={signUp} waiting={waiting} />
  );
  return c.render(page, { title: 'Sign in', scripts: ['passkey.js'] });
}

function showCode(c: HubContext, to: string, faults?: Faults): Response | Promise<Response> {
  c.header('cache-control', 'no-store');
  c.status(faults === undefined ? 200 : 401);
  return c.render(<CodePage next={to} {...(faults && { faults })} />, { title: 'Second step' });
}
