import type { MiddlewareHandler } from 'hono';
import type { Census, Liveness, NetworkHeads, OutdatedChainweb } from '#nodes/index.ts';
import { audienceKey, partsOfKey } from '../console/audience-key.ts';
import { type LiveSource, liveUrl, partial } from '../console/live.ts';
import type { HttpEnv, HttpFeature, HubApp } from '../http.ts';
import type { RefreshedByKey } from '../refreshed-by-key.ts';
import { type Audience, audienceOf, viewerOf } from '../viewer.ts';
import type { Breakdown } from './breakdown.ts';
import { FLEET_PARTS, FleetPage, type FleetView } from './page.tsx';

export interface FleetDeps {
  readonly census: RefreshedByKey<Census>;
  readonly breakdown: RefreshedByKey<Breakdown>;
  readonly outdated: RefreshedByKey<OutdatedChainweb | undefined>;
  /** Nodes that earn nothing for want of an account. */
  readonly unpaid: RefreshedByKey<number>;
  readonly heads: NetworkHeads;
  readonly liveness: Liveness;
}

/** The fleet at a glance. */
export function fleetRoutes(deps: FleetDeps, guard: MiddlewareHandler<HttpEnv>): HttpFeature {
  return {
    nav: [{ id: 'fleet', path: '/fleet', word: 'Overview', group: 'scope', place: 10 }],
    mount(app: HubApp) {
      app.get('/fleet', guard, async (c) =>
        c.render(<FleetPage view={await readFleet(deps, audienceOf(viewerOf(c)))} />, {
          title: 'Overview',
          nav: 'fleet',
          live: liveUrl({ fleet: Object.keys(FLEET_PARTS) }),
        }),
      );
    },
  };
}

async function readFleet(
  { census, breakdown, outdated, unpaid, heads, liveness }: FleetDeps,
  audience: Audience,
): Promise<FleetView> {
  const [counts, parts, chainweb, without] = await Promise.all([
    census.read(audience),
    breakdown.read(audience),
    outdated.read(audience),
    unpaid.read(audience),
  ]);
  const at = liveness.at();
  return { census: counts, breakdown: parts, chainweb, unpaid: without, heads: heads.heads(), at };
}

/** The overview's parts, rendered anew each tick while somebody looks; those that say the same are not sent. */
export function fleetSource(deps: FleetDeps): LiveSource {
  return {
    name: 'fleet',
    admit: (viewer, parts) => parts.map((part) => audienceKey(audienceOf(viewer), part)),
    async changes(watched) {
      const byAudience = Map.groupBy(watched, (key) => partsOfKey(key).audience);
      const rendered = [...byAudience].map(async ([audience, keys]) => {
        const view = await readFleet(deps, audience);
        return keys.flatMap((key) => {
          const id = partsOfKey(key).rest;
          const Part = isPart(id) ? FLEET_PARTS[id] : undefined;
          return Part === undefined ? [] : [[key, partial(id, String(<Part view={view} />))] as const];
        });
      });
      return new Map((await Promise.all(rendered)).flat());
    },
  };
}

function isPart(id: string): id is keyof typeof FLEET_PARTS {
  return Object.hasOwn(FLEET_PARTS, id);
}
