import type { MiddlewareHandler } from 'hono';
import { requireFresh, requireTier } from '#accounts/index.ts';
import type { AuditLog } from '#audit/index.ts';
import type { HubFacts } from '#fleet/index.ts';
import type { Census, Liveness, OutdatedChainweb } from '#nodes/index.ts';
import type { Clock } from '../clock.ts';
import { readForm } from '../console/form.tsx';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { Refreshed } from '../refreshed.ts';
import type { RefreshedByKey } from '../refreshed-by-key.ts';
import { EVERYTHING, type Viewer, viewerOf } from '../viewer.ts';
import { AdminFleetPage } from './fleet-page.tsx';
import {
  dayOf,
  REQUIRED_CHAINWEB_PATH,
  type RequiredChainwebView,
  requiredChainweb,
} from './required-chainweb.tsx';
import type { AdminStore } from './store.ts';
import { SystemPage } from './system-page.tsx';

export interface AdminDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly store: AdminStore;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly census: RefreshedByKey<Census>;
  readonly outdated: RefreshedByKey<OutdatedChainweb | undefined>;
  readonly liveness: Liveness;
  readonly clock: Pick<Clock, 'now'>;
  readonly hub: () => HubFacts;
  /** When the newest backup was made; undefined where none is known. */
  readonly lastBackup: () => Promise<number | undefined>;
  readonly openPages: () => number;
}

/** The fleet as a whole, for admins; the hub as a machine, for those who run it. */
export function adminRoutes(deps: AdminDeps): HttpFeature {
  const { guard, store, audit, census, outdated, liveness, clock, hub } = deps;
  const admin = requireTier('ancient');
  const matrix = new Refreshed({ clock, load: () => store.matrix() });
  const instances = new Refreshed({ clock, load: () => store.instances() });
  const freshAdmin = (c: HubContext): Viewer => {
    const viewer = viewerOf(c);
    requireFresh(viewer, clock.now());
    return viewer;
  };
  const showSystem = async (
    c: HubContext,
    again: Omit<RequiredChainwebView, 'required'> = {},
  ): Promise<Response> => {
    const [database, backupAt, required] = await Promise.all([
      store.database(),
      deps.lastBackup(),
      store.requiredChainweb(),
    ]);
    const { typed, faults } = again;
    const view = {
      ...{ hub: hub(), database, backupAt, openPages: deps.openPages(), now: clock.now() },
      ...{ chainweb: { required, typed, faults }, runtime: process.versions.node },
    };
    return c.render(<SystemPage view={view} />, { title: 'System', nav: 'system' });
  };
  return {
    nav: [
      { id: 'admin-fleet', path: '/admin/fleet', word: 'Fleet', group: 'admin', place: 10, least: 'modern' },
      { id: 'system', path: '/admin/system', word: 'System', group: 'admin', place: 90, least: 'ancient' },
    ],
    mount(app: HubApp) {
      app.get('/admin/fleet', guard, requireTier('modern'), async (c) => {
        const [rows, hubs, counts, chainweb] = await Promise.all([
          matrix.read(),
          instances.read(),
          census.read(EVERYTHING),
          outdated.read(EVERYTHING),
        ]);
        const view = { rows, instances: hubs, census: counts, chainweb, hub: hub(), at: liveness.at() };
        return c.render(<AdminFleetPage view={view} />, { title: 'Fleet', nav: 'admin-fleet' });
      });
      app.get('/admin/system', guard, admin, (c) => showSystem(c));
      app.post(REQUIRED_CHAINWEB_PATH, guard, admin, async (c) => {
        const { email } = freshAdmin(c);
        const now = clock.now();
        const form = await readForm(c, requiredChainweb(now));
        if (!form.ok) {
          c.status(422);
          return showSystem(c, form);
        }
        const { version, by } = form.value;
        await audit.append({
          actor: email,
          act: 'chainweb.require',
          subject: version,
          detail: { by: dayOf(by) },
        });
        await store.requireChainweb({ version, by, setAt: now });
        return c.redirect(href('/admin/system'), 303);
      });
      app.post(`${REQUIRED_CHAINWEB_PATH}/withdraw`, guard, admin, async (c) => {
        const { email } = freshAdmin(c);
        const required = await store.requiredChainweb();
        if (required !== undefined) {
          await audit.append({ actor: email, act: 'chainweb.require-none', subject: required.version });
          await store.requireChainweb(undefined);
        }
        return c.redirect(href('/admin/system'), 303);
      });
    },
  };
}
