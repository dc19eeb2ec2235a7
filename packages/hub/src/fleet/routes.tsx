import type { MiddlewareHandler } from 'hono';
import type { Census, Liveness, NetworkHeads } from '#nodes/index.ts';
import { type LiveSource, liveUrl, partial } from '../console/live.ts';
import type { HttpEnv, HttpFeature, HubApp } from '../http.ts';
import type { Refreshed } from '../refreshed.ts';
import type { Breakdown } from './breakdown.ts';
import type { HubFacts } from './hub-facts.ts';
import { FLEET_PARTS, FleetPage, type FleetView } from './page.tsx';

export interface FleetDeps {
  readonly census: Refreshed<Census>;
  readonly breakdown: Refreshed<Breakdown>;
  readonly heads: NetworkHeads;
  readonly liveness: Liveness;
  readonly hub: () => HubFacts;
}

/** The fleet at a glance. */
export function fleetRoutes(deps: FleetDeps, guard: MiddlewareHandler<HttpEnv>): HttpFeature {
  return {
    mount(app: HubApp) {
      app.get('/', (c) => c.redirect('/fleet'));
      app.get('/fleet', guard, async (c) =>
        c.render(<FleetPage view={await readFleet(deps)} />, {
          title: 'Fleet',
          nav: 'fleet',
          live: liveUrl({ fleet: Object.keys(FLEET_PARTS) }),
        }),
      );
    },
  };
}

async function readFleet({ census, breakdown, heads, liveness, hub }: FleetDeps): Promise<FleetView> {
  const [counts, parts] = await Promise.all([census.read(), breakdown.read()]);
  return { census: counts, breakdown: parts, heads: heads.heads(), hub: hub(), at: liveness.at() };
}

/** The overview's parts, rendered anew each tick while somebody looks; those that say the same are not sent. */
export function fleetSource(deps: FleetDeps): LiveSource {
  return {
    name: 'fleet',
    async changes(watched) {
      const view = await readFleet(deps);
      const parts = Object.entries(FLEET_PARTS).filter(([key]) => watched.has(key));
      return new Map(parts.map(([key, Part]) => [key, partial(key, String(<Part view={view} />))]));
    },
  };
}
