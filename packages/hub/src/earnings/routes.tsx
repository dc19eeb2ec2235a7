import { Readable } from 'node:stream';
import type { MiddlewareHandler } from 'hono';
import { requireTier } from '#accounts/index.ts';
import { decodeCursor, findNode, type Liveness, type NodeListing, NodePage } from '#nodes/index.ts';
import { liveUrl } from '../console/live.ts';
import type { HttpEnv, HttpFeature, HubApp, HubContext } from '../http.ts';
import { HttpError, notFound } from '../http-error.ts';
import { viewerOf } from '../viewer.ts';
import { AdminEarningsPage } from './admin-page.tsx';
import type { AdminStore } from './admin-store.ts';
import { eventsCsv } from './csv.ts';
import { type FeedStore, writePlace } from './feed-store.ts';
import { DAYS_KEPT, type NodeDays } from './node-day.ts';
import { EarningsTab } from './node-tab.tsx';
import { EarningsPage } from './page.tsx';
import type { EarningsReader } from './reader.ts';
import type { MintSource, ModeSource } from './sources.ts';

export interface EarningsPagesDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly reader: EarningsReader;
  readonly days: NodeDays;
  readonly feed: FeedStore;
  readonly admin: AdminStore;
  readonly ledger: ModeSource;
  readonly mints: MintSource;
  readonly listing: Pick<NodeListing, 'find'>;
  readonly liveness: Liveness;
}

const DAY_MS = 86_400_000;
/** What the page tells of what was written last. */
const EVENTS = 200;

/** The page of earnings, the Earnings tab of a node, the account's events as CSV, and every node's earnings for admins. */
export function earningsPages(deps: EarningsPagesDeps): HttpFeature {
  const { guard } = deps;
  return {
    nav: [
      { id: 'earnings', path: '/earnings', word: 'Earnings', group: 'scope', place: 25 },
      {
        ...{ id: 'admin-earnings', path: '/admin/earnings', word: 'Earnings', group: 'admin', place: 41 },
        least: 'ancient',
      },
    ],
    mount(app: HubApp) {
      app.use('/earnings', guard);
      app.use('/earnings/*', guard);
      app.use('/nodes/:id/earnings', guard);
      app.use('/admin/earnings', guard, requireTier('ancient'));
      app.get('/earnings', (c) => showEarnings(c, deps));
      app.get('/earnings/events.csv', (c) => sendEvents(c, deps));
      app.get('/nodes/:id/earnings', (c) => showNode(c, deps));
      app.get('/admin/earnings', (c) => showAdmin(c, deps));
    },
  };
}

async function showEarnings(c: HubContext, { reader, feed, mints }: EarningsPagesDeps): Promise<Response> {
  const { email } = viewerOf(c);
  const after = c.req.query('after') ?? '';
  const before = c.req.query('before') ?? '';
  const [place, day] = [
    after === '' ? undefined : decodeCursor(after),
    before === '' ? undefined : readDay(before),
  ];
  // The page tells of what is up to here, its stream of what is behind.
  const end = await feed.end();
  const [{ now, nodes }, days, events, minted] = await Promise.all([
    reader.now(email).then(async (now) => ({ now, nodes: await reader.nodes(email, now, place) })),
    reader.days(email, day),
    feed.newest(email, end, EVENTS),
    mints.of(email),
  ]);
  const view = { now, nodes, days, events, mints: minted, place: { after, before } };
  return c.render(<EarningsPage view={view} />, {
    ...{ title: 'Earnings', nav: 'earnings' },
    live: liveUrl({ earnings: ['own'], ledger: [writePlace(end)] }),
  });
}

async function sendEvents(c: HubContext, { feed, ledger }: EarningsPagesDeps): Promise<Response> {
  const { mode } = await ledger.head();
  const lines = eventsCsv(feed.all(viewerOf(c).email), mode);
  c.header('content-type', 'text/csv; charset=utf-8');
  c.header(
    'content-disposition',
    `attachment; filename="stoa-earnings${mode === 'live' ? '' : '-TEST'}.csv"`,
  );
  return c.body(Readable.toWeb(Readable.from(lines, { objectMode: false })) as ReadableStream);
}

async function showNode(c: HubContext, deps: EarningsPagesDeps): Promise<Response> {
  const { days, liveness } = deps;
  const node = await findNode(c, deps);
  const { nodeId } = node;
  const asked = c.req.query('day');
  const day = asked === undefined ? days.today : readDay(asked);
  if (day > days.today || day < days.today - DAYS_KEPT) throw notFound('The minutes of this day');
  const view = await days.read({ nodeId, since: node.facts.createdAt }, day);
  const at = liveness.at();
  return c.render(
    <NodePage node={node} at={at} tab="earnings">
      <EarningsTab nodeId={nodeId} view={view} />
    </NodePage>,
    {
      ...{ title: node.label, nav: 'nodes' },
      live: liveUrl({ node: [nodeId], ...(day === days.today && { 'earned-day': [nodeId] }) }),
    },
  );
}

async function showAdmin(c: HubContext, { admin, ledger }: EarningsPagesDeps): Promise<Response> {
  const after = c.req.query('after') ?? '';
  const [{ mode }, page] = await Promise.all([
    ledger.head(),
    admin.page(after === '' ? undefined : decodeCursor(after)),
  ]);
  return c.render(<AdminEarningsPage view={{ mode, ...page, first: after === '' }} />, {
    ...{ title: 'Earnings of all nodes', nav: 'admin-earnings' },
  });
}

/** Whole days since 1970. @throws {HttpError} `bad_day`. */
function readDay(text: string): number {
  const at = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at))
    throw new HttpError(400, 'bad_day', 'The address names no day.', { fix: 'Name one as 2026-11-26.' });
  return at / DAY_MS;
}
