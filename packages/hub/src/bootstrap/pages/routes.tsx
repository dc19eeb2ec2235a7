import { auditScopeOf } from '#audit/index.ts';
import { findNode, type NodeDetail, NodePage } from '#nodes/index.ts';
import { type Faults, readForm } from '../../console/form.tsx';
import { liveUrl } from '../../console/live.ts';
import { href } from '../../console/scope.ts';
import type { HttpFeature, HubApp, HubContext } from '../../http.ts';
import { HttpError, notFound } from '../../http-error.ts';
import { placeOf } from '../../seams/ssh-pool/index.ts';
import { isAtLeast, viewerOf } from '../../viewer.ts';
import { LONGEST_MARK_MS } from '../agentless.ts';
import { isSshKind, sshKindOf } from '../kinds.ts';
import { secretNames } from '../ssh-job.ts';
import { mountBootstrap } from './bootstrap-routes.tsx';
import type { BootstrapPagesDeps } from './deps.ts';
import { actForm, markForm } from './forms.ts';
import { SshTab, type SshView } from './ssh-tab.tsx';

const USES = 5;

/** Where people ask for work over SSH, and see how the hub reaches a node. */
export function bootstrapPages(deps: BootstrapPagesDeps): HttpFeature {
  const { desk, agentless, guard, clock } = deps;
  return {
    nav: [
      {
        ...{ id: 'bootstrap', path: '/bootstrap', word: 'Bootstrap' },
        ...{ group: 'admin', place: 30, least: 'ancient' },
      },
    ],
    mount(app: HubApp) {
      mountBootstrap(app, deps);
      app.use('/nodes/:id/ssh', guard);
      app.use('/nodes/:id/ssh/*', guard);
      app.get('/nodes/:id/ssh', async (c) => showTab(c, deps, await findNode(c, deps)));
      app.post('/nodes/:id/ssh/agentless', async (c) => {
        const node = await findNode(c, deps);
        const form = await readForm(c, markForm);
        if (!isAtLeast(viewerOf(c), 'ancient')) throw notFound('This page');
        if (!form.ok) return refuse(c, deps, node, form.faults);
        const ms = form.value.until - clock.now();
        if (ms <= 0 || ms > LONGEST_MARK_MS)
          return refuse(c, deps, node, { until: 'from today on, 90 days at most' });
        await agentless.mark(viewerOf(c), node.nodeId, { ms, reason: form.value.reason });
        return c.redirect(tabOf(node), 303);
      });
      app.post('/nodes/:id/ssh/agentless/remove', async (c) => {
        const node = await findNode(c, deps);
        await agentless.unmark(viewerOf(c), node.nodeId);
        return c.redirect(tabOf(node), 303);
      });
      app.post('/nodes/:id/ssh/:kind', async (c) => {
        const node = await findNode(c, deps);
        const kind = c.req.param('kind');
        if (!isSshKind(kind) || kind === 'bootstrap') throw notFound('This act');
        const form = await readForm(c, actForm);
        if (!form.ok) return refuse(c, deps, node, form.faults);
        const { allow, password = '' } = form.value;
        const takes = sshKindOf(kind);
        const jobId = await desk.submit(viewerOf(c), {
          ...{ kind, nodeId: node.nodeId },
          params: allow !== undefined && 'allow' in takes.parameters ? { allow } : {},
          ...(takes.seats && password !== '' && { login: { kind: 'password', password } as const }),
        });
        return c.redirect(href(`/jobs/${jobId}`), 303);
      });
    },
  };
}

function tabOf({ nodeId }: NodeDetail): string {
  return href(`/nodes/${nodeId}/ssh`);
}

async function refuse(
  c: HubContext,
  deps: BootstrapPagesDeps,
  node: NodeDetail,
  faults: Faults,
): Promise<Response> {
  // A form that no page of ours sends says so as a whole.
  const known = ['reason', 'until', 'allow'].some((name) => faults[name] !== undefined);
  if (!known)
    throw new HttpError(422, 'bad_form', 'This form is none of this page.', { fix: 'Open the page anew.' });
  c.status(422);
  return showTab(c, deps, node, faults);
}

async function showTab(
  c: HubContext,
  deps: BootstrapPagesDeps,
  node: NodeDetail,
  faults: Faults = {},
): Promise<Response> {
  const at = deps.liveness.at();
  return c.render(
    <NodePage node={node} at={at} tab="ssh">
      <SshTab view={await viewOf(c, deps, node)} faults={faults} now={at.now} />
    </NodePage>,
    { title: node.label, nav: 'nodes', live: liveUrl({ node: [node.nodeId] }) },
  );
}

async function viewOf(c: HubContext, deps: BootstrapPagesDeps, { nodeId }: NodeDetail): Promise<SshView> {
  const viewer = viewerOf(c);
  const reach = await deps.access.ofNode(nodeId);
  const [pinned, keyMadeAt, mark, uses, owns, tips] = await Promise.all([
    reach && deps.access.pinnedKey(placeOf(reach)),
    reach?.key && deps.secrets.sealedAt(secretNames.key(reach.key.id)),
    deps.agentless.of(nodeId),
    deps.auditStore.page(auditScopeOf(viewer), { act: 'ssh.use', subject: nodeId }, { limit: USES }),
    deps.nodeAccess.may(viewer, nodeId, 'owner'),
    deps.reader.tips([nodeId]),
  ]);
  const admin = isAtLeast(viewer, 'ancient');
  const polledAt = tips.get(nodeId)?.polledAt;
  return { nodeId, reach, pinned, keyMadeAt, mark, polledAt, uses: uses.rows, owns, admin };
}
