import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { emailAddress, type Faults, readForm, type Typed } from '../../console/form.tsx';
import { href } from '../../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../../http.ts';
import { notFound } from '../../http-error.ts';
import { isAtLeast, TIERS, tiersFor, viewerOf } from '../../viewer.ts';
import type { Accounts } from '../accounts.ts';
import { requireFresh } from '../require-fresh.ts';
import { ROSTER_ROWS, RosterStore } from '../roster-store.ts';
import { type Recording, SecurityStore } from '../security-store.ts';
import { RosterPage } from './roster-page.tsx';

const PATH = '/admin/accounts';
const INVITATION_MS = 7 * 24 * 3_600_000;
const tier = z.enum(TIERS);
const invite = z.strictObject({ email: emailAddress(), tier });
const act = z.strictObject({ email: emailAddress(), act: z.enum(['disable', 'enable', 'end-sessions']) });
const LAST = 'That is the last Ancient Admin who can sign in: make another one first.';

interface Shown {
  invited?: { email: string; link: string };
  fault?: string;
  typed?: Typed;
  faults?: Faults;
  status?: 200 | 409 | 422;
}

/** The roster: Modern Admins read it and revoke one another, Ancient Admins change it. For others it is not there. */
export function rosterRoutes(accounts: Accounts, guard: MiddlewareHandler<HttpEnv>): HttpFeature {
  const { options } = accounts;
  const store = new RosterStore(options.sql);
  const security = new SecurityStore(options.sql);

  const show = async (c: HubContext, { status = 200, ...shown }: Shown = {}): Promise<Response> => {
    const text = (c.req.query('q') ?? '').trim().toLowerCase().slice(0, 254).replaceAll('\0', '');
    const after = (c.req.query('after') ?? '').slice(0, 254).replaceAll('\0', '');
    const found = await store.page({ text, after });
    const entries = found.slice(0, ROSTER_ROWS);
    const next = found.length > ROSTER_ROWS ? entries.at(-1)?.email : undefined;
    c.status(status);
    const rules = isAtLeast(viewerOf(c), 'ancient');
    const view = { viewer: viewerOf(c), entries, text, next, now: options.clock.now(), rules, ...shown };
    return c.render(<RosterPage view={view} />, { title: 'Accounts', nav: 'accounts' });
  };
  /** Before each act: an Ancient Admin who is there. */
  const ruler = (c: HubContext) => {
    const viewer = viewerOf(c);
    if (!isAtLeast(viewer, 'ancient')) throw notFound('This page');
    requireFresh(viewer, options.clock.now());
    return viewer;
  };
  /** Written with what it tells, in one transaction. */
  const recording =
    (actor: string, act: string, email: string, detail: Record<string, unknown> = {}): Recording =>
    (tx) =>
      options.audit.appendIn(tx, { actor, act, subject: email, owner: email, detail });
  const known = async (email: string) => {
    const user = await store.find(email);
    if (user === undefined) throw notFound('This account');
    return user;
  };

  return {
    mount(app: HubApp) {
      const readers: MiddlewareHandler<HttpEnv> = async (c, next) => {
        if (!isAtLeast(viewerOf(c), 'modern')) throw notFound('This page');
        await next();
      };
      app.use(PATH, guard, readers);
      app.use(`${PATH}/*`, guard, readers);
      app.get(PATH, (c) => show(c));
      app.post(`${PATH}/invite`, async (c) => {
        const { email: actor } = ruler(c);
        const form = await readForm(c, invite);
        if (!form.ok) return show(c, { ...form, status: 422 });
        const { email } = form.value;
        const record = recording(actor, 'account.invite', email, { tier: form.value.tier });
        const id = await store.invite({ ...form.value, now: options.clock.now() }, record);
        if (id === undefined) {
          const faults = { email: 'There is an account with this e-mail already.' };
          return show(c, { typed: { email }, faults, status: 422 });
        }
        const token = await accounts.createResetToken(id, INVITATION_MS);
        accounts.letters.invite(email, token);
        return show(c, { invited: { email, link: new URL(`/reset/${token}`, options.publicUrl).href } });
      });
      app.post(`${PATH}/tier`, async (c) => {
        const viewer = viewerOf(c);
        const { email: actor } = viewer;
        const form = await readForm(c, invite);
        if (!form.ok) return show(c, { fault: 'Choose one of the tiers.', status: 422 });
        const user = await known(form.value.email);
        if (!tiersFor(viewer, user.tier).includes(form.value.tier)) throw notFound('This page');
        requireFresh(viewer, options.clock.now());
        const detail = { from: user.tier, to: form.value.tier };
        const record = recording(actor, 'account.tier', user.email, detail);
        if (!(await store.setTier(user.id, form.value.tier, record)))
          return show(c, { fault: LAST, status: 409 });
        accounts.sessions.forget();
        return c.redirect(href(PATH), 303);
      });
      app.post(`${PATH}/act`, async (c) => {
        const { email: actor } = ruler(c);
        const form = await readForm(c, act);
        if (!form.ok) return show(c, { fault: 'There is no such act.', status: 422 });
        const user = await known(form.value.email);
        const record = recording(actor, ACTS[form.value.act], user.email);
        if (form.value.act === 'enable') await store.enable(user.id, record);
        else if (form.value.act === 'end-sessions') await security.endAllSessions(user.id, record);
        else if (!(await store.disable(user.id, options.clock.now(), record)))
          return show(c, { fault: LAST, status: 409 });
        accounts.sessions.forget();
        return c.redirect(href(PATH), 303);
      });
    },
  };
}

const ACTS = {
  disable: 'account.disable',
  enable: 'account.enable',
  'end-sessions': 'account.sessions_end',
} as const;
