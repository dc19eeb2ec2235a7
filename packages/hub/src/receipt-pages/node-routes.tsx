import { formatEvidenceFile } from '@stoa/protocol/stoicism';
import type { MiddlewareHandler } from 'hono';
import { findNode, type Liveness, type NodeListing, NodePage } from '#nodes/index.ts';
import { href } from '../console/scope.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import type { RateLimit } from '../rate-limit.ts';
import { viewerOf } from '../viewer.ts';
import type { HourSpan } from './evidence-store.ts';
import type { NodeEvidence } from './node-evidence.ts';
import { publishedRoot } from './published-root.ts';
import { ReceiptTab } from './receipt-tab.tsx';
import type { ReceiptSource } from './sources.ts';
import { VERIFY_PATH } from './verify-page.tsx';

export interface NodeReceiptsDeps {
  readonly receipts: Pick<ReceiptSource, 'of' | 'roots'>;
  readonly evidence: Pick<NodeEvidence, 'read' | 'ownedSince'>;
  /** By account. */
  readonly downloads: Pick<RateLimit, 'admit'>;
  readonly listing: Pick<NodeListing, 'find'>;
  readonly liveness: Liveness;
  readonly guard: MiddlewareHandler<HttpEnv>;
}

const PATH = '/nodes/:id/receipts/:span';
const DAY_HOURS = 24;
const DAY_MS = 86_400_000;

/** A node's receipts, for who may see the node: a page an hour, proofs of an hour or a day, and the way to verify them. */
export function nodeReceiptRoutes(deps: NodeReceiptsDeps): HttpFeature {
  return {
    mount(app: HubApp) {
      app.use('/nodes/:id/receipts/*', deps.guard);
      app.get(`${PATH}/verify`, async (c) => {
        const { nodeId } = await findNode(c, deps);
        const { name } = spanOf(c.req.param('span'));
        // Behind the #, which browsers keep to themselves.
        return c.redirect(`${VERIFY_PATH}#${href(`/nodes/${nodeId}/receipts/${name}.json`)}`);
      });
      app.get(PATH, (c) => (c.req.param('span').endsWith('.json') ? sendProofs(c, deps) : showHour(c, deps)));
    },
  };
}

async function sendProofs(c: HubContext, deps: NodeReceiptsDeps): Promise<Response> {
  const { nodeId } = await findNode(c, deps);
  const { name, span } = spanOf((c.req.param('span') ?? '').slice(0, -'.json'.length));
  if (!deps.downloads.admit(viewerOf(c).accountId))
    throw new HttpError(429, 'too_many_downloads', 'No more receipts can be downloaded in this minute.', {
      fix: 'Wait a minute. A day’s receipts are one file.',
      retry: true,
    });
  const file = await deps.evidence.read(nodeId, span, c.req.raw.signal);
  // Nobody hears it.
  if (file === undefined) return c.body(null, 204);
  c.header('content-type', 'application/json; charset=utf-8');
  c.header('cache-control', 'private, no-store');
  c.header('content-disposition', `attachment; filename="stoa-receipts-${nodeId.slice(0, 8)}-${name}.json"`);
  return c.body(formatEvidenceFile(file));
}

async function showHour(c: HubContext, deps: NodeReceiptsDeps): Promise<Response> {
  const { receipts, liveness } = deps;
  const node = await findNode(c, deps);
  const { nodeId } = node;
  const { span } = spanOf(c.req.param('span') ?? '');
  if (span.until - span.from !== 1) throw notFound('A receipt of a whole day');
  const hubHour = span.from;
  if (hubHour < (await deps.evidence.ownedSince(nodeId))) throw notFound('A receipt of this hour');
  const [found, roots] = await Promise.all([receipts.of(nodeId, hubHour), receipts.roots(hubHour)]);
  const published = roots.map(publishedRoot);
  const revisions = found.map(({ receipt, pass }) => ({
    receipt,
    root: published.find((root) => root.pass === pass),
  }));
  return c.render(
    <NodePage node={node} at={liveness.at()} tab="earnings">
      <ReceiptTab view={{ nodeId, hubHour, revisions }} />
    </NodePage>,
    { title: node.label, nav: 'nodes' },
  );
}

/** An hour since 1970, or a day as 2026-11-26. @throws {HttpError} 404. */
function spanOf(name: string): { readonly name: string; readonly span: HourSpan } {
  if (/^\d{1,7}$/.test(name)) return { name, span: { from: Number(name), until: Number(name) + 1 } };
  const at = /^\d{4}-\d{2}-\d{2}$/.test(name) ? Date.parse(name) : Number.NaN;
  if (Number.isNaN(at)) throw notFound('This span of receipts');
  const from = (at / DAY_MS) * DAY_HOURS;
  return { name, span: { from, until: from + DAY_HOURS } };
}
