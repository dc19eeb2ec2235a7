import type { Bus } from '../bus.ts';
import type { Clock } from '../clock.ts';
import { type LiveSource, partial } from '../console/live.ts';
import type { Refreshed } from '../refreshed.ts';
import type { Census } from './census.ts';
import { CHAINS_ID, ChainsTab } from './chains-tab.tsx';
import { filterOfKey, stateFilter } from './list-page.ts';
import type { NodeListing } from './listing.ts';
import { type Loaded, NodeSource } from './live.ts';
import type { Liveness } from './liveness.ts';
import type { NetworkHeads } from './network-heads.ts';
import { NodeHead } from './node-page.tsx';
import type { NodeReader } from './node-reader.ts';
import { domId, nodeRow } from './row.tsx';
import { chainViews, readTips } from './tips.ts';

export interface NodeSourcesDeps {
  readonly bus: Bus;
  readonly clock: Pick<Clock, 'now'>;
  readonly liveness: Liveness;
  readonly listing: NodeListing;
  readonly reader: NodeReader;
  readonly census: Refreshed<Census>;
  readonly heads: NetworkHeads;
}

interface WithTips extends Loaded {
  readonly tips: Uint8Array | undefined;
}

/** What pages about nodes watch: `row` and `node` by node id, `chains` by node id, `states` by the list's filter. */
export function nodeSources(deps: NodeSourcesDeps): LiveSource[] {
  const { bus, clock, liveness, listing, reader, heads } = deps;
  const common = { bus, clock, liveness };
  const load = async (ids: readonly string[]): Promise<Loaded[]> =>
    (await listing.byIds(ids)).map((summary) => ({ summary }));
  const loadTips = async (ids: readonly string[]): Promise<WithTips[]> => {
    const nodes = await listing.byIds(ids);
    return Promise.all(
      nodes.map(async (summary) => ({ summary, tips: (await reader.gauges(summary.nodeId))?.tips })),
    );
  };
  return [
    new NodeSource<Loaded>({
      ...common,
      name: 'row',
      load,
      render: ({ summary }) => partial(domId(summary.nodeId), nodeRow(summary, liveness.at()).text),
    }),
    new NodeSource<Loaded>({
      ...common,
      name: 'node',
      load,
      render: ({ summary }) =>
        partial(domId(summary.nodeId), String(<NodeHead node={summary} at={liveness.at()} />)),
    }),
    new NodeSource<WithTips>({
      ...common,
      name: 'chains',
      load: loadTips,
      render: ({ tips }) => {
        const chains = chainViews(heads, tips === undefined ? [] : readTips(tips));
        return partial(CHAINS_ID, String(<ChainsTab chains={chains} now={clock.now()} />));
      },
    }),
    statesSource(deps.census),
  ];
}

/** The counts above the list. The key is the page's filter, which stands in the links. */
function statesSource(census: Refreshed<Census>): LiveSource {
  let shown = '';
  return {
    name: 'states',
    async changes(watched, wanted) {
      const counts = await census.read();
      const now = JSON.stringify(counts.byState);
      const keys = now === shown ? wanted : watched;
      shown = now;
      return new Map(
        [...keys].map((key) => [key, partial('states', stateFilter(filterOfKey(key), counts).text)]),
      );
    },
  };
}
