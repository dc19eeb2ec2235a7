import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { type Faults, readForm, type Typed } from '../console/form.tsx';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { viewerOf } from '../viewer.ts';
import type { OwnerKeys } from './owner-keys.ts';
import { OwnerKeyPage } from './page.tsx';

const PATH = '/settings/owner-key';
const madeIn = z.enum(['file', 'browser'], 'file or browser').default('file');
const firstForm = z.strictObject({
  publicKey: z
    .string('64 hex digits')
    .trim()
    .toLowerCase()
    .regex(/^[0-9a-f]{64}$/, '64 hex digits, as `stoa-hub key init` prints them'),
  madeIn,
});
const changeForm = z.strictObject({
  change: z
    .string('one line of letters, digits, - and _')
    .trim()
    .regex(
      /^[A-Za-z0-9_-]{100,2000}$/,
      'one line of letters, digits, - and _, as `stoa-hub key sign-change` prints it',
    ),
  madeIn,
});

interface Refused {
  readonly typed: Typed;
  readonly faults: Faults;
}

/** The page of an owner's key. */
export function ownerKeyRoutes(deps: {
  ownerKeys: OwnerKeys;
  guard: MiddlewareHandler<HttpEnv>;
  clock: Pick<Clock, 'now'>;
}): HttpFeature {
  const { ownerKeys, guard, clock } = deps;
  const show = async (c: HubContext, refused?: Refused): Promise<Response> => {
    const viewer = viewerOf(c);
    const keys = (await ownerKeys.history(viewer)).map((key) => ({
      ...key,
      fingerprint: ownerKeys.fingerprintOf(key.publicKey),
    }));
    const page = (
      <OwnerKeyPage
        keys={keys}
        owner={viewer.email}
        region={ownerKeys.region}
        now={clock.now()}
        refused={refused}
      />
    );
    return c.render(page, { title: 'Owner key', nav: 'settings', scripts: ['owner-key.js'] });
  };
  return {
    mount(app: HubApp) {
      app.use(PATH, guard);
      app.use(`${PATH}/*`, guard);
      app.get(PATH, (c) => show(c));
      app.post(PATH, async (c) => {
        const form = await readForm(c, firstForm);
        if (!form.ok) {
          c.status(422);
          return show(c, form);
        }
        await ownerKeys.first(viewerOf(c), form.value);
        return c.redirect(href(PATH), 303);
      });
      app.post(`${PATH}/change`, async (c) => {
        const form = await readForm(c, changeForm);
        if (!form.ok) {
          c.status(422);
          return show(c, form);
        }
        await ownerKeys.replace(viewerOf(c), form.value);
        return c.redirect(href(PATH), 303);
      });
    },
  };
}
