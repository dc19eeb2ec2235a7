import type { MiddlewareHandler } from 'hono';
import { z } from 'zod';
import { NODE_ROLES, type NodeAccess } from '#accounts/index.ts';
import {
  findNode,
  type Liveness,
  type NodeDetail,
  type NodeListing,
  NodePage,
  type NodeReader,
} from '#nodes/index.ts';
import { emailAddress, type Faults, readForm, type Typed } from '../console/form.tsx';
import { liveUrl } from '../console/live.ts';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { notFound } from '../http-error.ts';
import { viewerOf } from '../viewer.ts';
import { AccessTab } from './access-tab.tsx';
import type { ShareStore } from './share-store.ts';
import type { Shares } from './shares.ts';
import type { Transfers } from './transfers.ts';
import { TransfersPage } from './transfers-page.tsx';

export interface SharingDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly access: NodeAccess;
  readonly shares: Shares;
  readonly store: Pick<ShareStore, 'keys'>;
  readonly transfers: Transfers;
  readonly listing: Pick<NodeListing, 'find'>;
  readonly reader: Pick<NodeReader, 'description'>;
  readonly liveness: Liveness;
  /** Hex, as the console and the agent both show it. */
  readonly fingerprintOf: (publicKey: Uint8Array) => string;
}

const shareForm = z.strictObject({
  email: emailAddress(),
  role: z.enum(['viewer', 'operator'], 'viewer or operator'),
});
const emailForm = z.strictObject({ email: emailAddress() });

/** The Access tab of a node, and the page of transfers. */
export function sharingRoutes(deps: SharingDeps): HttpFeature {
  const { guard, shares, transfers } = deps;
  return {
    mount(app: HubApp) {
      app.use('/nodes/:id/access', guard);
      app.use('/nodes/:id/access/*', guard);
      app.use('/transfers', guard);
      app.use('/transfers/*', guard);
      app.get('/nodes/:id/access', async (c) => showAccess(c, deps, await findNode(c, deps)));
      app.post('/nodes/:id/access/shares', async (c) => {
        const node = await findNode(c, deps);
        const form = await readForm(c, shareForm);
        if (!form.ok) return refill(c, deps, { node, form: 'share', ...form });
        await shares.grant(viewerOf(c), node, form.value);
        return c.redirect(href(accessPath(node)), 303);
      });
      app.post('/nodes/:id/access/shares/remove', async (c) => {
        const node = await findNode(c, deps);
        const form = await readForm(c, emailForm);
        if (!form.ok) throw notFound('This share');
        const viewer = viewerOf(c);
        await shares.withdraw(viewer, node, form.value.email);
        const stays = await deps.access.may(viewer, node.nodeId, 'viewer');
        return c.redirect(href(stays ? accessPath(node) : '/nodes'), 303);
      });
      app.post('/nodes/:id/access/transfer', async (c) => {
        const node = await findNode(c, deps);
        const form = await readForm(c, emailForm);
        if (!form.ok) return refill(c, deps, { node, form: 'transfer', ...form });
        await transfers.offerNode(viewerOf(c), node, form.value.email);
        return c.redirect(href(accessPath(node)), 303);
      });
      app.get('/transfers', (c) => showTransfers(c, deps));
      app.post('/transfers', async (c) => {
        const form = await readForm(c, emailForm);
        if (!form.ok) {
          c.status(422);
          return showTransfers(c, deps, form);
        }
        await transfers.offerAll(viewerOf(c), form.value.email);
        return c.redirect(href('/transfers'), 303);
      });
      app.post('/transfers/:id/accept', async (c) => {
        await transfers.accept(viewerOf(c), c.req.param('id'));
        return c.redirect(href('/transfers'), 303);
      });
      app.post('/transfers/:id/end', async (c) => {
        await transfers.end(viewerOf(c), c.req.param('id'));
        return c.redirect(href('/transfers'), 303);
      });
    },
  };
}

interface Refused {
  readonly typed: Typed;
  readonly faults: Faults;
}

function refill(
  c: HubContext,
  deps: SharingDeps,
  by: Refused & { node: NodeDetail; form: 'share' | 'transfer' },
): Promise<Response> {
  c.status(422);
  return showAccess(c, deps, by.node, { [by.form]: { typed: by.typed, faults: by.faults } });
}

async function showAccess(
  c: HubContext,
  deps: SharingDeps,
  node: NodeDetail,
  refused: { share?: Refused; transfer?: Refused } = {},
): Promise<Response> {
  const viewer = viewerOf(c);
  const { access, shares, store, transfers, reader, liveness, fingerprintOf } = deps;
  const [list, keys, transfer, description, roles] = await Promise.all([
    shares.list(node.nodeId),
    store.keys(node.nodeId),
    transfers.openFor(node),
    reader.description(node.nodeId),
    Promise.all(NODE_ROLES.map((role) => access.may(viewer, node.nodeId, role))),
  ]);
  const role = NODE_ROLES[roles.lastIndexOf(true)] ?? 'viewer';
  const at = liveness.at();
  const body = (
    <AccessTab
      view={{
        node,
        viewer,
        role,
        shares: list,
        keys,
        transfer,
        settings: description?.settings ?? [],
        fingerprintOf,
      }}
      refused={refused}
      now={at.now}
    />
  );
  return c.render(
    <NodePage node={node} at={at} tab="access">
      {body}
    </NodePage>,
    { title: node.label, nav: 'nodes', live: liveUrl({ node: [node.nodeId] }) },
  );
}

async function showTransfers(
  c: HubContext,
  { transfers, liveness }: SharingDeps,
  refused?: Refused,
): Promise<Response> {
  const viewer = viewerOf(c);
  const [list, owned] = await Promise.all([transfers.of(viewer), transfers.owned(viewer)]);
  const page = (
    <TransfersPage
      transfers={list}
      owned={owned}
      email={viewer.email}
      now={liveness.at().now}
      refused={refused}
    />
  );
  return c.render(page, { title: 'Transfers', nav: 'settings' });
}

/** What one may not see is answered as if it was not there. */
function accessPath(node: NodeDetail): string {
  return `/nodes/${node.nodeId}/access`;
}
