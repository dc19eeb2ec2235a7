import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { type Faults, line, readForm } from '../../console/form.tsx';
import { href } from '../../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../../http.ts';
import { notFound } from '../../http-error.ts';
import { viewerOf } from '../../viewer.ts';
import { type Accounts, actOf } from '../accounts.ts';
import { TOTP_PATH } from '../auth.ts';
import { newPassword } from '../password.ts';
import { requireFresh } from '../require-fresh.ts';
import { type Recording, SecurityStore } from '../security-store.ts';
import { type Enrolment, SecurityPage } from './security-page.tsx';

const PATH = '/settings/security';
const held = z.string().min(1, 'your password').max(200);
const change = z.strictObject({ current: held.optional(), password: newPassword });
const code = z.strictObject({ code: line(10) });
const WRONG_PASSWORD = 'The password is wrong.';

/** How one signs in oneself. */
export function securityRoutes(accounts: Accounts, guard: MiddlewareHandler<HttpEnv>): HttpFeature {
  const { api, options } = accounts;
  const store = new SecurityStore(options.sql);

  const show = async (
    c: HubContext,
    {
      status = 200,
      ...shown
    }: { faults?: Record<string, Faults>; enrolment?: Enrolment; status?: 200 | 422 } = {},
  ): Promise<Response> => {
    const [security, { sessionId }] = await Promise.all([
      store.read(viewerOf(c).accountId, options.clock.now()),
      accounts.sessionOf(c),
    ]);
    c.status(status);
    const page = <SecurityPage view={{ security, sessionId, now: options.clock.now(), ...shown }} />;
    return c.render(page, { title: 'Security', nav: 'settings', scripts: ['passkey.js'] });
  };
  /** Written with what it tells, in one transaction. */
  const recording =
    (c: HubContext, act: string, detail: Record<string, unknown> = {}): Recording =>
    async (tx) => {
      await options.audit.appendIn(tx, actOf(viewerOf(c).email, act, detail));
    };
  const back = (c: HubContext, part: string) => c.redirect(href(`${PATH}#${part}`), 303);
  /** A form with the password alone, for one of the acts of the second step. */
  const withPassword = async (
    c: HubContext,
    name: 'start' | 'codes' | 'off',
    { path, act }: { path: `/${string}`; act?: string },
  ) => {
    const form = await readForm(c, z.strictObject({ [`password-${name}`]: held }));
    if (!form.ok) return { faults: { password: WRONG_PASSWORD } };
    const { email } = viewerOf(c);
    await accounts.countTry(email);
    const { token } = await accounts.sessionOf(c);
    const body = { password: form.value[`password-${name}`] };
    const answer = await api.call(c, { path, body, token, ...(act && { act: actOf(email, act) }) });
    if (answer.ok) return { answer };
    return {
      faults: answer.code === 'INVALID_PASSWORD' ? { password: WRONG_PASSWORD } : { '': saidOf(answer.code) },
    };
  };

  return {
    mount(app: HubApp) {
      app.use(PATH, guard);
      app.use(`${PATH}/*`, guard);
      app.get('/settings', guard, (c) => c.redirect(href(PATH)));
      app.get(PATH, (c) => show(c));
      app.post(`${PATH}/password`, async (c) => {
        const viewer = viewerOf(c);
        const form = await readForm(c, change);
        if (!form.ok) return show(c, { faults: { password: form.faults }, status: 422 });
        const { current, password } = form.value;
        const { hasPassword } = await store.read(viewer.accountId, options.clock.now());
        if (!hasPassword) {
          requireFresh(viewer, options.clock.now());
          await accounts.setFirstPassword(viewer, password);
          return back(c, 'password');
        }
        await accounts.countTry(viewer.email);
        const { token } = await accounts.sessionOf(c);
        const body = { currentPassword: current ?? '', newPassword: password, revokeOtherSessions: true };
        const act = actOf(viewer.email, 'account.password_change');
        const answer = await api.call(c, { path: '/change-password', body, token, act });
        if (!answer.ok) return show(c, { faults: { password: { current: WRONG_PASSWORD } }, status: 422 });
        return back(c, 'password');
      });
      app.post(`${PATH}/totp/start`, async (c) => {
        const { answer, faults } = await withPassword(c, 'start', { path: '/two-factor/enable' });
        if (answer === undefined) return show(c, { faults: { totp: faults }, status: 422 });
        const { totpURI, backupCodes } = answer.body as { totpURI: string; backupCodes: string[] };
        // No redirect: they are in this answer and nowhere else.
        return show(c, { enrolment: { uri: totpURI, codes: backupCodes } });
      });
      app.post(`${PATH}/totp/verify`, async (c) => {
        const form = await readForm(c, code);
        const { token } = await accounts.sessionOf(c);
        const { accountId, email } = viewerOf(c);
        // A code that is right changes nothing then.
        if ((await store.read(accountId, options.clock.now())).twoFactor) return back(c, 'totp');
        const digits = form.ok ? form.value.code.replaceAll(' ', '') : '';
        const act = actOf(email, 'account.second_step_on');
        const answer = await api.call(c, { path: TOTP_PATH, body: { code: digits }, token, act });
        if (!answer.ok) {
          const faults = { totp: { code: 'That code is wrong. Take the one that the app shows now.' } };
          return show(c, { faults, status: 422 });
        }
        return back(c, 'totp');
      });
      app.post(`${PATH}/totp/codes`, async (c) => {
        const { answer, faults } = await withPassword(c, 'codes', {
          path: '/two-factor/generate-backup-codes',
          act: 'account.recovery_codes',
        });
        if (answer === undefined) return show(c, { faults: { totp: faults }, status: 422 });
        return show(c, { enrolment: { codes: (answer.body as { backupCodes: string[] }).backupCodes } });
      });
      app.post(`${PATH}/totp/off`, async (c) => {
        const { answer, faults } = await withPassword(c, 'off', {
          path: '/two-factor/disable',
          act: 'account.second_step_off',
        });
        if (answer === undefined) return show(c, { faults: { totp: faults }, status: 422 });
        return back(c, 'totp');
      });
      app.post(`${PATH}/passkeys/:id/remove`, async (c) => {
        const viewer = viewerOf(c);
        requireFresh(viewer, options.clock.now());
        const id = c.req.param('id');
        const record = recording(c, 'account.passkey_remove', { passkey: id });
        if (!(await store.removePasskey(viewer.accountId, id, record))) throw notFound('This passkey');
        return back(c, 'passkeys');
      });
      app.post(`${PATH}/sessions/end-others`, async (c) => {
        const { sessionId } = await accounts.sessionOf(c);
        const record = recording(c, 'account.sessions_end');
        await store.endAllSessions(viewerOf(c).accountId, record, sessionId);
        accounts.sessions.forget();
        return back(c, 'sessions');
      });
      app.post(`${PATH}/sessions/:id/end`, async (c) => {
        const id = c.req.param('id');
        const record = recording(c, 'account.session_end', { session: id });
        if (!(await store.endSession(viewerOf(c).accountId, id, record))) throw notFound('This session');
        accounts.sessions.forget();
        return back(c, 'sessions');
      });
    },
  };
}

function saidOf(code: string): string {
  return code === 'TOTP_ALREADY_ENABLED'
    ? 'It is on already.'
    : 'That was not accepted. Reload the page and try again.';
}
