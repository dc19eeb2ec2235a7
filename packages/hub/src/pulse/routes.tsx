import { decodeCursor, type NetworkHeads, NODE_ID } from '#nodes/index.ts';
import type { Clock } from '../clock.ts';
import type { Assets } from '../console/assets.ts';
import { href } from '../console/scope.ts';
import type { HttpFeature, HubApp, HubContext } from '../http.ts';
import { notFound } from '../http-error.ts';
import type { Place } from '../place.ts';
import { Refreshed } from '../refreshed.ts';
import { RefreshedByKey } from '../refreshed-by-key.ts';
import { kAnonymous, lumped } from './anonymity.ts';
import { type BadgeWord, badgeSvg } from './badge.ts';
import { opensBadge } from './badge-token.ts';
import { ExplorerListPage, ExplorerNodePage } from './explorer-page.tsx';
import { PulsePage, type PulseView } from './pulse-page.tsx';
import { placeOf } from './region-places.ts';
import type { Status } from './status.ts';
import { StatusPage, statusJson } from './status-page.tsx';
import type { PulseStore } from './store.ts';

export interface PulseDeps {
  readonly store: PulseStore;
  readonly status: Refreshed<Status>;
  readonly heads: NetworkHeads;
  readonly clock: Pick<Clock, 'now'>;
  readonly assets: Assets;
  readonly site: { readonly region: string; readonly network: string };
  readonly regionPlace: Place | undefined;
  readonly isSignedIn: (c: HubContext) => Promise<boolean>;
  /** Whether a maintenance window holds for the node; left out where the hub has none. */
  readonly inMaintenance?: ((nodeId: string) => Promise<boolean>) | undefined;
}

const NEVER = 'private, no-store';

/** What everybody may see: nothing personal, the same for all, kept by whatever cache stands between for seconds. */
export function pulseRoutes(deps: PulseDeps): HttpFeature {
  const { store, status, heads, clock, assets, site, regionPlace } = deps;
  const connected = new Refreshed({ clock, load: () => store.connected() });
  const badges = new RefreshedByKey({ clock, load: (nodeId) => store.badge(nodeId) });
  const firstPage = new Refreshed({ clock, load: () => store.explorer(undefined) });

  async function readPulse(): Promise<PulseView> {
    const { regions, versions } = await connected.read();
    const groups = kAnonymous(regions);
    const own = { region: site.region, place: regionPlace };
    const dots = groups.groups.flatMap(({ name, count }) => {
      const place = placeOf(name, own);
      return place === undefined ? [] : [{ region: name, place, count }];
    });
    return {
      network: site.network,
      regions: groups,
      versions: lumped(versions),
      dots,
      heads: heads.heads(),
      land: assets.url('world.svg'),
      now: clock.now(),
    };
  }

  return {
    nav: [
      { id: 'pulse', path: '/', word: 'Pulse', group: 'public', place: 10 },
      { id: 'explorer', path: '/explorer/nodes', word: 'Nodes', group: 'public', place: 20 },
      { id: 'status', path: '/status', word: 'Status', group: 'public', place: 30 },
    ],
    mount(app: HubApp) {
      app.get('/', async (c) => {
        // Who is signed in is sent home, so this answer is theirs alone.
        c.header('cache-control', NEVER);
        if (await deps.isSignedIn(c)) return c.redirect(href('/fleet'));
        return c.render(<PulsePage view={await readPulse()} />, { title: 'Network pulse', nav: 'pulse' });
      });
      app.get('/status', async (c) => {
        const read = await status.read();
        shared(c, 5);
        c.header('vary', 'accept');
        if (!c.req.header('accept')?.includes('text/html')) return c.json(statusJson(read));
        const page = <StatusPage status={read} region={site.region} now={clock.now()} />;
        return c.render(page, { title: 'Status', nav: 'status' });
      });
      app.get('/badge/:file', async (c) => {
        const [, nodeId] = /^([0-9a-f]{64})\.svg$/.exec(c.req.param('file')) ?? [];
        if (nodeId === undefined) throw notFound('This badge');
        const badge = await badges.read(nodeId);
        const open = badge?.listed || opensBadge(c.req.query('token'), badge?.badgeHash);
        if (badge === undefined || !open) throw notFound('This badge');
        const word: BadgeWord = (await deps.inMaintenance?.(nodeId)) ? 'maintenance' : badge.state;
        shared(c, 30);
        c.header('content-type', 'image/svg+xml; charset=utf-8');
        // Badges stand in pages of others.
        c.header('cross-origin-resource-policy', 'cross-origin');
        return c.body(badgeSvg(word).text);
      });
      app.get('/explorer', (c) => c.redirect('/explorer/nodes'));
      app.get('/explorer/nodes', async (c) => {
        const after = c.req.query('after');
        const page = after ? await store.explorer(decodeCursor(after)) : await firstPage.read();
        shared(c, 5);
        return c.render(<ExplorerListPage page={page} first={!after} />, { title: 'Nodes', nav: 'explorer' });
      });
      app.get('/explorer/nodes/:id', async (c) => {
        const id = c.req.param('id');
        const node = NODE_ID.test(id) ? await store.explorerNode(id) : undefined;
        if (node === undefined) throw notFound('This node');
        shared(c, 5);
        return c.render(<ExplorerNodePage node={node} />, { title: node.label, nav: 'explorer' });
      });
    },
  };
}

function shared(c: HubContext, seconds: number): void {
  c.header('cache-control', `public, max-age=${seconds}`);
}
