import type { NodeAccess } from '#accounts/index.ts';
import type { NodeListing } from '#nodes/index.ts';
import { mapAtOnce } from '../at-once.ts';
import type { Clock } from '../clock.ts';
import type { LiveSource } from '../console/live.ts';
import type { Viewer } from '../viewer.ts';
import { type FeedStore, writePlace } from './feed-store.ts';
import type { NodeDays } from './node-day.ts';
import { earnedDay } from './node-tab.tsx';
import { earnedNow } from './page.tsx';
import type { EarningsReader } from './reader.ts';

/** A page is read anew so often, and whenever the ledger has a new end. Minutes come one a minute. */
const PERIOD_MS = 10_000;
/** Pages that are read at a time: the others of a round wait, and no connection of the pool is missed elsewhere. */
const AT_ONCE = 4;

export interface EarningsLiveDeps {
  readonly reader: Pick<EarningsReader, 'now'>;
  readonly days: Pick<NodeDays, 'read' | 'today'>;
  readonly feed: Pick<FeedStore, 'end'>;
  readonly access: Pick<NodeAccess, 'among'>;
  readonly listing: Pick<NodeListing, 'details'>;
  readonly clock: Pick<Clock, 'now'>;
}

/** What open pages of earnings watch: `earnings` by e-mail, `earned-day` by node. Sums, never changes of sums: none counts twice. */
export function earningsSources(deps: EarningsLiveDeps): LiveSource[] {
  const { reader, days, access, listing } = deps;
  return [
    paced(deps, {
      name: 'earnings',
      admit: ({ email }: Viewer) => [email],
      render: async (email) => earnedNow(await reader.now(email)),
    }),
    paced(deps, {
      name: 'earned-day',
      admit: (viewer, asked) => access.among(viewer, asked),
      async render(nodeId) {
        const [node] = await listing.details([nodeId]);
        if (node === undefined) return undefined;
        return earnedDay(nodeId, await days.read({ nodeId, since: node.facts.createdAt }, days.today));
      },
    }),
  ];
}

function paced(
  { clock, feed }: Pick<EarningsLiveDeps, 'clock' | 'feed'>,
  {
    render,
    ...source
  }: Pick<LiveSource, 'name' | 'admit'> & { render: (key: string) => Promise<string | undefined> },
): LiveSource {
  let readAt = Number.NEGATIVE_INFINITY;
  let end = '';
  return {
    ...source,
    async changes(watched, wanted) {
      const now = clock.now();
      const ends = writePlace(await feed.end());
      const all = ends !== end || now - readAt >= PERIOD_MS;
      if (all) [readAt, end] = [now, ends];
      const due = [...(all ? watched : wanted)];
      const html = await mapAtOnce(due, AT_ONCE, render);
      return new Map(
        due.flatMap((key, i) => {
          const fragment = html[i];
          return fragment === undefined ? [] : [[key, fragment] as const];
        }),
      );
    },
  };
}
