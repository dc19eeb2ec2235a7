import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { readForm } from '../console/form.tsx';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import { viewerOf } from '../viewer.ts';
import type { Choices } from './choices.ts';
import type { PayoutDesk } from './desk.ts';
import type { Refused } from './parts.tsx';
import { ProfilePage } from './profile-page.tsx';
import { ProofPage } from './proof-page.tsx';
import type { Tunnels } from './tunnels.ts';
import type { Verification } from './verification.ts';

export interface PayoutRoutesDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly desk: PayoutDesk;
  readonly choices: Choices;
  readonly verification: Verification;
  readonly tunnels: Tunnels;
  readonly clock: Pick<Clock, 'now'>;
}

export const accountForm = z.strictObject({
  account: z.string('an account').max(1_000, 'an account is shorter'),
});
const proofForm = z.strictObject({
  nonce: z
    .string('the text was lost: reload the page')
    .regex(/^[0-9a-f]{32}$/, 'the text was lost: reload the page'),
  signature: z.string('128 hex digits').max(4_000, 'at most 16 signatures'),
});

const PATH = '/settings/payout';

/** The page of a person's account, its proofs, and what is agreed of tunnels. */
export function payoutRoutes(deps: PayoutRoutesDeps): HttpFeature {
  const { guard, choices, verification, tunnels } = deps;
  return {
    mount(app: HubApp) {
      app.use(PATH, guard);
      app.use(`${PATH}/*`, guard);
      app.use('/payout/*', guard);
      app.get(PATH, (c) => showProfile(c, deps));
      app.post(PATH, async (c) => {
        const form = await readForm(c, accountForm);
        if (!form.ok) return showProfile(c, deps, form);
        const { account } = form.value;
        const refused = await faultOf('account', () => choices.ofPerson(viewerOf(c), account), form.value);
        return refused === undefined ? c.redirect(href(PATH), 303) : showProfile(c, deps, refused);
      });
      app.post(`${PATH}/none`, async (c) => {
        await choices.ofPerson(viewerOf(c), undefined);
        return c.redirect(href(PATH), 303);
      });
      app.get(`${PATH}/:accountId`, (c) => showProof(c, deps));
      app.post(`${PATH}/:accountId/challenge`, async (c) => {
        const accountId = c.req.param('accountId');
        await verification.challenge(viewerOf(c), accountId);
        return c.redirect(href(`${PATH}/${accountId}`), 303);
      });
      app.post(`${PATH}/:accountId`, async (c) => {
        const form = await readForm(c, proofForm);
        if (!form.ok) return showProof(c, deps, form);
        const { nonce, signature: pasted } = form.value;
        const proving = () => verification.prove(viewerOf(c), { nonce, pasted });
        const refused = await faultOf('signature', proving, form.value);
        return refused === undefined
          ? c.redirect(href(`${PATH}/${c.req.param('accountId')}`), 303)
          : showProof(c, deps, refused);
      });
      app.post('/payout/tunnels/:id/agree', async (c) => {
        await tunnels.agree(viewerOf(c), c.req.param('id'));
        return c.redirect(href(PATH), 303);
      });
      app.post('/payout/tunnels/:id/end', async (c) => {
        await tunnels.end(viewerOf(c), c.req.param('id'));
        return c.redirect(href(PATH), 303);
      });
    },
  };
}

const AT_THE_FIELD = new Set([
  'bad_account',
  'bad_signature',
  'chain_unreached',
  'chain_disagrees',
  'no_guard',
]);

/** What is wrong with what was typed, told beside it; everything else is thrown on. */
export async function faultOf(
  field: string,
  act: () => Promise<unknown>,
  typed: Readonly<Record<string, string>>,
): Promise<Refused | undefined> {
  try {
    await act();
    return undefined;
  } catch (error) {
    if (!(error instanceof HttpError) || !AT_THE_FIELD.has(error.code)) throw error;
    return { typed, faults: { [field]: `${error.message} ${error.fix}` } };
  }
}

async function showProfile(
  c: HubContext,
  { desk, clock }: PayoutRoutesDeps,
  refused?: Refused,
): Promise<Response> {
  const viewer = viewerOf(c);
  const view = { ...(await desk.profile(viewer)), email: viewer.email, now: clock.now(), refused };
  if (refused !== undefined) c.status(422);
  return c.render(<ProfilePage view={view} />, { title: 'Payout', nav: 'settings' });
}

async function showProof(
  c: HubContext,
  { desk, clock }: PayoutRoutesDeps,
  refused?: Refused,
): Promise<Response> {
  const found = await desk.proof(viewerOf(c), c.req.param('accountId') ?? '');
  if (found === undefined) throw notFound('This account');
  if (refused !== undefined) c.status(422);
  return c.render(<ProofPage view={{ ...found, now: clock.now(), refused }} />, {
    title: 'Whose account',
    nav: 'settings',
    scripts: ['payout.js'],
  });
}
