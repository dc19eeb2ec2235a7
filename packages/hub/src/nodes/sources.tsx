import type { Bus } from '../bus.ts';
import type { Clock } from '../clock.ts';
import { type LiveSource, partial } from '../console/live.ts';
import type { Refreshed } from '../refreshed.ts';
import type { Census } from './census.ts';
import { CHAINS_ID, ChainsTab } from './chains-tab.tsx';
import { filterOfKey, stateFilter } from './list-page.ts';
import type { NodeListing } from './listing.ts';
import { NodeSource } from './live.ts';
import type { Liveness } from './liveness.ts';
import type { NetworkHeads } from './network-heads.ts';
import { NodeHead } from './node-page.tsx';
import type { NodeReader } from './node-reader.ts';
import { domId, nodeRow } from './row.tsx';
import type { NodeDetail, NodeSummary } from './summary.ts';
import { chainViews, type ReportedTip } from './tips.ts';

export interface NodeSourcesDeps {
  readonly bus: Bus;
  readonly clock: Pick<Clock, 'now'>;
  readonly liveness: Liveness;
  readonly listing: NodeListing;
  readonly reader: NodeReader;
  readonly census: Refreshed<Census>;
  readonly heads: NetworkHeads;
}

interface WithTips extends NodeSummary {
  readonly tips: readonly ReportedTip[];
}

/** What pages about nodes watch: `row` and `node` by node id, `chains` by node id, `states` by the list's filter. */
export function nodeSources(deps: NodeSourcesDeps): LiveSource[] {
  const { bus, clock, liveness, listing, reader, heads } = deps;
  const common = { bus, clock, liveness };
  return [
    new NodeSource<NodeSummary>({
      ...common,
      name: 'row',
      load: (ids) => listing.byIds(ids),
      render: (node) => partial(domId(node.nodeId), nodeRow(node, liveness.at()).text),
    }),
    new NodeSource<NodeDetail>({
      ...common,
      name: 'node',
      load: (ids) => listing.details(ids),
      render: (node) => partial(domId(node.nodeId), String(<NodeHead node={node} at={liveness.at()} />)),
    }),
    new NodeSource<WithTips>({
      ...common,
      name: 'chains',
      load: async (ids) => {
        const [nodes, tips] = await Promise.all([listing.byIds(ids), reader.tips(ids)]);
        return nodes.map((node) => ({ ...node, tips: tips.get(node.nodeId) ?? [] }));
      },
      render: ({ tips }) =>
        partial(CHAINS_ID, String(<ChainsTab chains={chainViews(heads, tips)} now={clock.now()} />)),
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
