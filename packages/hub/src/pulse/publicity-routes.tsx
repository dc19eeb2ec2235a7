import type { MiddlewareHandler } from 'hono';
import type { NodeAccess } from '#accounts/index.ts';
import { findNode, type Liveness, type NodeDetail, type NodeListing, NodePage } from '#nodes/index.ts';
import { liveUrl } from '../console/live.ts';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { viewerOf } from '../viewer.ts';
import type { NodePublicity } from './publicity.ts';
import { PublicityTab } from './publicity-tab.tsx';
import type { PulseStore } from './store.ts';

export interface PublicityDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly access: NodeAccess;
  readonly listing: Pick<NodeListing, 'find'>;
  readonly liveness: Liveness;
  readonly store: PulseStore;
  readonly publicity: NodePublicity;
  /** Where badges are reached. */
  readonly origin: string;
}

/** The Public tab of a node. */
export function publicityRoutes(deps: PublicityDeps): HttpFeature {
  const { guard, publicity } = deps;
  const back = (c: HubContext, { nodeId }: NodeDetail) => c.redirect(href(`/nodes/${nodeId}/public`), 303);
  return {
    mount(app: HubApp) {
      app.use('/nodes/:id/public', guard);
      app.use('/nodes/:id/public/*', guard);
      app.get('/nodes/:id/public', async (c) => show(c, deps, await findNode(c, deps)));
      app.post('/nodes/:id/public/list', async (c) => {
        const node = await findNode(c, deps);
        await publicity.list(viewerOf(c), node, true);
        return back(c, node);
      });
      app.post('/nodes/:id/public/unlist', async (c) => {
        const node = await findNode(c, deps);
        await publicity.list(viewerOf(c), node, false);
        return back(c, node);
      });
      app.post('/nodes/:id/public/badge', async (c) => {
        const node = await findNode(c, deps);
        // No redirect: the token is in this answer and nowhere else.
        return show(c, deps, node, await publicity.renewToken(viewerOf(c), node));
      });
      app.post('/nodes/:id/public/badge/end', async (c) => {
        const node = await findNode(c, deps);
        await publicity.endToken(viewerOf(c), node);
        return back(c, node);
      });
    },
  };
}

async function show(c: HubContext, deps: PublicityDeps, node: NodeDetail, token?: string): Promise<Response> {
  const { store, access, liveness, origin } = deps;
  const { nodeId } = node;
  const [publicity, owns] = await Promise.all([
    store.publicity(nodeId),
    access.may(viewerOf(c), nodeId, 'owner'),
  ]);
  const view = { nodeId, publicity, owns, origin, ...(token !== undefined && { token }) };
  return c.render(
    <NodePage node={node} at={liveness.at()} tab="public">
      <PublicityTab view={view} />
    </NodePage>,
    { title: node.label, nav: 'nodes', live: liveUrl({ node: [nodeId] }) },
  );
}
