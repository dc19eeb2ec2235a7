import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { NODE_ROLES, type NodeAccess } from '#accounts/index.ts';
import { findNode, type Liveness, type NodeDetail, type NodeListing, NodePage } from '#nodes/index.ts';
import { emailAddress, readForm } from '../console/form.tsx';
import { liveUrl } from '../console/live.ts';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { viewerOf } from '../viewer.ts';
import type { Choices } from './choices.ts';
import type { PayoutDesk } from './desk.ts';
import { NodeTab, type NodeTabView } from './node-tab.tsx';
import { accountForm, faultOf } from './routes.tsx';
import { parsePermille, type Tunnels } from './tunnels.ts';

export interface NodePayoutDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly listing: Pick<NodeListing, 'find'>;
  readonly liveness: Liveness;
  readonly access: NodeAccess;
  readonly desk: PayoutDesk;
  readonly choices: Choices;
  readonly tunnels: Tunnels;
}

const PERMILLE = '0.1 to 1000.0, with one digit after the point at most';
const tunnelForm = z.strictObject({
  email: emailAddress(),
  permille: z.string(PERMILLE).refine((text) => parsePermille(text) !== undefined, PERMILLE),
});

/** The Payout tab of a node. */
export function nodePayoutRoutes(deps: NodePayoutDeps): HttpFeature {
  const { guard, choices, tunnels } = deps;
  const back = (c: HubContext, { nodeId }: NodeDetail) => c.redirect(href(`/nodes/${nodeId}/payout`), 303);
  return {
    mount(app: HubApp) {
      app.use('/nodes/:id/payout', guard);
      app.use('/nodes/:id/payout/*', guard);
      app.get('/nodes/:id/payout', async (c) => show(c, deps, await findNode(c, deps)));
      app.post('/nodes/:id/payout', async (c) => {
        const node = await findNode(c, deps);
        const form = await readForm(c, accountForm);
        if (!form.ok) return show(c, deps, node, { account: form });
        const { account } = form.value;
        const refused = await faultOf(
          'account',
          () => choices.ofNode(viewerOf(c), node, account),
          form.value,
        );
        return refused === undefined ? back(c, node) : show(c, deps, node, { account: refused });
      });
      app.post('/nodes/:id/payout/none', async (c) => {
        const node = await findNode(c, deps);
        await choices.ofNode(viewerOf(c), node, undefined);
        return back(c, node);
      });
      app.post('/nodes/:id/payout/tunnel', async (c) => {
        const node = await findNode(c, deps);
        const form = await readForm(c, tunnelForm);
        if (!form.ok) return show(c, deps, node, { tunnel: form });
        const { email, permille } = form.value;
        await tunnels.offer(viewerOf(c), node, { email, permille1: parsePermille(permille)! });
        return back(c, node);
      });
    },
  };
}

async function show(
  c: HubContext,
  { desk, access, liveness }: NodePayoutDeps,
  node: NodeDetail,
  refused: NodeTabView['refused'] = {},
): Promise<Response> {
  const viewer = viewerOf(c);
  const [found, roles] = await Promise.all([
    desk.node(node),
    Promise.all(NODE_ROLES.map((role) => access.may(viewer, node.nodeId, role))),
  ]);
  const role = NODE_ROLES[roles.lastIndexOf(true)] ?? 'viewer';
  const at = liveness.at();
  const { nodeId, owner } = node;
  if (Object.keys(refused).length > 0) c.status(422);
  return c.render(
    <NodePage node={node} at={at} tab="payout">
      <NodeTab view={{ ...found, nodeId, owner, email: viewer.email, role, now: at.now, refused }} />
    </NodePage>,
    { title: node.label, nav: 'nodes', live: liveUrl({ node: [nodeId] }) },
  );
}
