import type { Context } from 'hono';
import { addressOf, type RunForm, readRun, texts } from '#jobs/index.ts';
import { belowChainweb, isVersion } from '#nodes/index.ts';
import { href } from '../../console/scope.ts';
import type { HttpEnv, HubApp, HubContext } from '../../http.ts';
import { HttpError } from '../../http-error.ts';
import { printSelector } from '../../selector/index.ts';
import { viewerOf } from '../../viewer.ts';
import type { UpgradeDesk, UpgradeRequest } from '../upgrade-desk.ts';
import { UpgradePage } from './upgrade-page.tsx';

interface UpgradeRoutesDeps {
  readonly upgrades: UpgradeDesk;
  readonly path: string;
}

/** Say what, look at what it would touch, sign it, begin. The address holds all of it, so it comes back from signing. */
export function mountUpgrades(app: HubApp, { upgrades, path }: UpgradeRoutesDeps): void {
  const place = `${path}/chainweb`;
  app.get(place, async (c) => {
    const orderId = c.req.query('order');
    const order = orderId === undefined ? undefined : await upgrades.signed(viewerOf(c), orderId);
    return show(c, upgrades, { typed: c.req.query(), orderId: order && orderId, order });
  });
  app.post(place, async (c) => {
    const typed = texts(await c.req.text());
    const viewer = viewerOf(c);
    const { form, request } = readUpgrade(typed, viewer.email);
    if (request === undefined) return show(c, upgrades, { typed });
    const orderId = typed['order'];
    const order = orderId === undefined ? undefined : await upgrades.signed(viewer, orderId);
    try {
      if (order === undefined) {
        const draft = await upgrades.draft(viewer, request);
        const back = `${place}?${addressOf(form)}&version=${encodeURIComponent(request.version)}&order=${draft}`;
        return c.redirect(href(`/orders/${draft}?${new URLSearchParams({ back })}`), 303);
      }
      const expected = Number(typed['shown']);
      const { rolloutId } = await upgrades.create(viewer, { ...request, order, expected });
      return c.redirect(href(`${path}/${rolloutId}`), 303);
    } catch (error) {
      if (!(error instanceof HttpError) || error.status !== 409) throw error;
      return show(c, upgrades, { typed, fault: error });
    }
  });
  app.post(`${path}/:id/approve`, async (c: Context<HttpEnv>) => {
    const rolloutId = c.req.param('id') ?? '';
    await upgrades.approve(viewerOf(c), rolloutId);
    return c.redirect(href(`${path}/${rolloutId}`), 303);
  });
}

async function show(
  c: HubContext,
  upgrades: UpgradeDesk,
  by: {
    typed: Readonly<Record<string, string>>;
    orderId?: string | undefined;
    order?: Uint8Array | undefined;
    fault?: HttpError;
  },
): Promise<Response> {
  const { typed, order, orderId, fault } = by;
  const viewer = viewerOf(c);
  const required = await upgrades.required();
  const { version, form, request } = readUpgrade(typed, viewer.email);
  const plan = request && (await upgrades.plan(viewer, { ...request, order }));
  if (fault !== undefined) c.status(409);
  else if (Object.keys(form.faults).length > 0) c.status(c.req.method === 'POST' ? 422 : 400);
  const view = { form, plan, orderId, fault: fault && `${fault.message} ${fault.fix}` };
  return c.render(
    <UpgradePage view={{ ...view, version: version || (required?.version ?? ''), required }} />,
    {
      ...{ title: 'Upgrade chainweb-node', nav: 'rollouts' },
    },
  );
}

/** Of nodes that run an older one, unless others were asked for. */
function readUpgrade(
  typed: Readonly<Record<string, string>>,
  signer: string,
): { version: string; form: RunForm; request: UpgradeRequest | undefined } {
  const version = (typed['version'] ?? '').trim().slice(0, 40);
  const asked = typed['version'] !== undefined;
  const valid = isVersion(version);
  const given = (typed['q'] ?? '').trim();
  const q = given === '' && valid ? printSelector(belowChainweb({ version })) : given;
  const read = readRun({ ...typed, kind: 'stoachain-upgrade', ...(asked && { q }) }, signer);
  const faults =
    asked && !valid ? { ...read.form.faults, version: 'A version, like 2.27.1.' } : read.form.faults;
  const form = { ...read.form, faults };
  if (!valid || read.request === undefined) return { version, form, request: undefined };
  const { params, selector } = read.request;
  return { version, form, request: { version, params, selector, signer } };
}
