import type { MiddlewareHandler } from 'hono';
import { EVERYTHING, requireTier } from '#accounts/index.ts';
import type { HubFacts } from '#fleet/index.ts';
import type { Census, Liveness } from '#nodes/index.ts';
import type { Clock } from '../clock.ts';
import type { HttpEnv, HttpFeature, HubApp } from '../http.ts';
import { Refreshed } from '../refreshed.ts';
import type { RefreshedByKey } from '../refreshed-by-key.ts';
import { AdminFleetPage } from './fleet-page.tsx';
import type { AdminStore } from './store.ts';
import { SystemPage } from './system-page.tsx';

export interface AdminDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly store: AdminStore;
  readonly census: RefreshedByKey<Census>;
  readonly liveness: Liveness;
  readonly clock: Pick<Clock, 'now'>;
  readonly hub: () => HubFacts;
  /** When the newest backup was made; undefined where none is known. */
  readonly lastBackup: () => Promise<number | undefined>;
  readonly openPages: () => number;
}

/** The fleet as a whole, for admins; the hub as a machine, for those who run it. */
export function adminRoutes(deps: AdminDeps): HttpFeature {
  const { guard, store, census, liveness, clock, hub } = deps;
  const matrix = new Refreshed({ clock, load: () => store.matrix() });
  const instances = new Refreshed({ clock, load: () => store.instances() });
  return {
    nav: [
      { id: 'admin-fleet', path: '/admin/fleet', word: 'Fleet', group: 'admin', place: 10, least: 'modern' },
      { id: 'system', path: '/admin/system', word: 'System', group: 'admin', place: 90, least: 'ancient' },
    ],
    mount(app: HubApp) {
      app.get('/admin/fleet', guard, requireTier('modern'), async (c) => {
        const [rows, hubs, counts] = await Promise.all([
          matrix.read(),
          instances.read(),
          census.read(EVERYTHING),
        ]);
        const view = { rows, instances: hubs, census: counts, hub: hub(), at: liveness.at() };
        return c.render(<AdminFleetPage view={view} />, { title: 'Fleet', nav: 'admin-fleet' });
      });
      app.get('/admin/system', guard, requireTier('ancient'), async (c) => {
        const [database, backupAt] = await Promise.all([store.database(), deps.lastBackup()]);
        const view = { hub: hub(), database, backupAt, openPages: deps.openPages(), now: clock.now() };
        return c.render(<SystemPage view={{ ...view, runtime: process.versions.node }} />, {
          title: 'System',
          nav: 'system',
        });
      });
    },
  };
}
