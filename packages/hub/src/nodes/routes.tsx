import type { MiddlewareHandler } from 'hono';
import type { Child } from 'hono/jsx';
import { liveUrl } from '../console/live.ts';
import { embed } from '../console/markup.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { HttpError } from '../http-error.ts';
import type { RefreshedByKey } from '../refreshed-by-key.ts';
import { suggest } from '../selector/index.ts';
import { audienceOf, viewerOf } from '../viewer.ts';
import type { Census } from './census.ts';
import { ChainsTab } from './chains-tab.tsx';
import { ConfigTab } from './config-tab.tsx';
import type { CpuDays } from './cpu-day.ts';
import { CSV_HEAD, csvLine } from './csv.ts';
import { decodeCursor } from './cursor.ts';
import { WhyPage } from './explain.tsx';
import { type HistoryReader, healthColumns, rangeOf, readHealth } from './health.ts';
import { HealthTab } from './health-tab.tsx';
import { filterKey, readFilter } from './list-filter.ts';
import { nodeListPage } from './list-page.ts';
import type { ExportRow, NodeListing, Position } from './listing.ts';
import type { Instant, Liveness } from './liveness.ts';
import type { NetworkHeads } from './network-heads.ts';
import { NodePage, type TabId } from './node-page.tsx';
import type { NodeReader } from './node-reader.ts';
import { nodeSelectors, parseSelector } from './node-selector.ts';
import { mountNotes, type NotesDeps } from './notes-routes.tsx';
import { findNode } from './seen-node.ts';
import { SelectorHelp } from './selector-help.tsx';
import type { SelectorValues } from './selector-values.ts';
import { SessionTab } from './session-tab.tsx';
import { deriveState } from './state.ts';
import type { NodeDetail } from './summary.ts';
import { chainViews, NO_TIPS } from './tips.ts';
import { readTruths } from './truths.ts';

export interface NodeRoutesDeps extends Pick<NotesDeps, 'notes' | 'registry' | 'access' | 'audit' | 'bus'> {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly listing: NodeListing;
  readonly reader: NodeReader;
  readonly census: RefreshedByKey<Census>;
  readonly history: HistoryReader;
  readonly days: Pick<CpuDays, 'read'>;
  readonly heads: NetworkHeads;
  readonly liveness: Liveness;
  readonly values: RefreshedByKey<SelectorValues>;
  /** Of other features, for its Health tab: what stands between a node and its points. */
  readonly panels: readonly { render(nodeId: string): Promise<Child> }[];
}

/** The node list and the pages of a node. */
export function nodeRoutes(deps: NodeRoutesDeps): HttpFeature {
  return {
    nav: [{ id: 'nodes', path: '/nodes', word: 'Nodes', group: 'scope', place: 20 }],
    mount(app: HubApp) {
      app.use('/nodes', deps.guard);
      app.use('/nodes/*', deps.guard);
      app.get('/nodes', (c) => listNodes(c, deps));
      app.get('/nodes.csv', deps.guard, (c) => exportNodes(c, deps));
      app.get('/nodes/suggest', (c) => suggestTerms(c, deps));
      app.get('/nodes/selectors', (c) => c.render(<SelectorHelp />, { title: 'Selectors', nav: 'nodes' }));
      mountNotes(app, {
        ...deps,
        now: () => deps.liveness.at().now,
        find: (c) => findNode(c, deps),
        render: (c, node, body) => renderNode(c, deps, { node, tab: 'notes', body }),
      });
      app.get('/nodes/:id', async (c) => {
        const node = await findNode(c, deps);
        const query = {
          nodeId: node.nodeId,
          range: rangeOf(c.req.query('range')),
          now: deps.liveness.at().now,
        };
        const [health, panels] = await Promise.all([
          readHealth(deps.history, query),
          Promise.all(deps.panels.map((panel) => panel.render(node.nodeId))),
        ]);
        return renderNode(c, deps, {
          node,
          tab: 'health',
          body: <HealthTab nodeId={node.nodeId} health={health} panels={panels} />,
        });
      });
      app.get('/nodes/:id/why', async (c) => {
        const { facts } = await findNode(c, deps);
        const at = deps.liveness.at();
        return c.html(<WhyPage state={deriveState(facts, at)} now={at.now} />);
      });
      app.get('/nodes/:id/history', async (c) => {
        const { nodeId } = await findNode(c, deps);
        const query = { nodeId, range: rangeOf(c.req.query('range')), now: deps.liveness.at().now };
        return c.json(healthColumns(await readHealth(deps.history, query)));
      });
      app.get('/nodes/:id/chains', async (c) => {
        const node = await findNode(c, deps);
        const [known, session] = await Promise.all([
          deps.reader.tips([node.nodeId]),
          deps.reader.session(node.nodeId),
        ]);
        const { tips, polledAt } = known.get(node.nodeId) ?? NO_TIPS;
        const chains = chainViews(deps.heads, tips);
        const at = deps.liveness.at();
        const truths = readTruths(node, { chains, session, polledAt }, at);
        const body = <ChainsTab {...{ chains, truths, polledAt }} now={at.now} />;
        return renderNode(c, deps, { node, tab: 'chains', body });
      });
      app.get('/nodes/:id/config', async (c) => {
        const node = await findNode(c, deps);
        const description = await deps.reader.description(node.nodeId);
        const body = <ConfigTab description={description} now={deps.liveness.at().now} />;
        return renderNode(c, deps, { node, tab: 'config', body });
      });
      app.get('/nodes/:id/session', async (c) => {
        const node = await findNode(c, deps);
        const [session, gauges, events] = await Promise.all([
          deps.reader.session(node.nodeId),
          deps.reader.gauges(node.nodeId),
          deps.reader.events(node.nodeId),
        ]);
        const body = <SessionTab {...{ session, gauges, events }} now={deps.liveness.at().now} />;
        return renderNode(c, deps, { node, tab: 'session', body });
      });
    },
  };
}

async function listNodes(c: HubContext, deps: NodeRoutesDeps): Promise<Response> {
  const filter = readFilter(askedText(c));
  if (filter.error !== undefined && !c.req.header('accept')?.includes('text/html')) throw filter.error;
  const viewer = viewerOf(c);
  const at = deps.liveness.at();
  const [page, census] = await Promise.all([
    filter.error === undefined ? deps.listing.page(viewer, filter.selector, readPosition(c), at) : NO_PAGE,
    deps.census.read(audienceOf(viewer)),
  ]);
  const ids = page.rows.map(({ nodeId }) => nodeId);
  const days = await deps.days.read(ids);
  if (filter.error !== undefined) c.status(400);
  return c.render(
    embed(nodeListPage({ filter, page, days, count: page.count, changed: readChanged(c), census, at })),
    {
      title: 'Nodes',
      nav: 'nodes',
      search: { text: filter.text },
      live: liveUrl({ row: ids, states: [filterKey(filter.text)] }),
    },
  );
}

async function exportNodes(c: HubContext, { listing, liveness }: NodeRoutesDeps): Promise<Response> {
  const selector = parseSelector(askedText(c));
  const at = liveness.at();
  const batches = listing.all(viewerOf(c), selector, at);
  c.header('content-type', 'text/csv; charset=utf-8');
  c.header('content-disposition', 'attachment; filename="nodes.csv"');
  return c.body(ReadableStream.from(csvLines(batches, at)));
}

async function* csvLines(
  batches: AsyncIterable<readonly ExportRow[]>,
  at: Instant,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode(CSV_HEAD);
  for await (const rows of batches) yield encoder.encode(rows.map((row) => csvLine(row, at)).join(''));
}

const MAX_TYPED = 1_000;

async function suggestTerms(c: HubContext, { values }: NodeRoutesDeps): Promise<Response> {
  const text = (c.req.query('q') ?? '').slice(0, MAX_TYPED);
  const at = c.req.query('at') ?? String(text.length);
  if (!/^\d{1,4}$/.test(at))
    throw new HttpError(400, 'bad_cursor', `'${at.slice(0, 20)}' is no place in the text.`, {
      fix: 'Give the number of characters before the cursor, or leave it out.',
    });
  const held = await values.read(audienceOf(viewerOf(c)));
  return c.json(suggest(nodeSelectors.fields, held, text, Math.min(Number(at), text.length)));
}

/** Nodes that a bulk act changed, told once in the address that it leads to. */
function readChanged(c: HubContext): number | undefined {
  const changed = c.req.query('changed');
  return changed !== undefined && /^\d{1,9}$/.test(changed) ? Number(changed) : undefined;
}

const NO_PAGE = { rows: [], previous: undefined, next: undefined, count: undefined } as const;

/** The text of the search; a `state` of its own is from an address of before the language. */
function askedText(c: HubContext): string {
  const text = (c.req.query('q') ?? '').trim();
  const state = c.req.query('state');
  return state ? `state:${state} ${text}`.trim() : text;
}

function renderNode(
  c: HubContext,
  deps: NodeRoutesDeps,
  { node, tab, body }: { node: NodeDetail; tab: TabId; body: Child },
): Response | Promise<Response> {
  const page = (
    <NodePage node={node} at={deps.liveness.at()} tab={tab}>
      {body}
    </NodePage>
  );
  return c.render(page, {
    title: node.label,
    nav: 'nodes',
    live: liveUrl({ node: [node.nodeId], ...(tab === 'chains' && { chains: [node.nodeId] }) }),
    ...(tab === 'health' && { scripts: ['uplot.js'] as const }),
  });
}

function readPosition(c: HubContext): Position {
  const after = c.req.query('after');
  const before = c.req.query('before');
  if (after) return { after: decodeCursor(after) };
  return before ? { before: decodeCursor(before) } : undefined;
}
