import type { NodeAccess } from '../accounts/index.ts';
import type { Bus } from '../bus.ts';
import type { Clock } from '../clock.ts';
import { audienceKey, partsOfKey } from '../console/audience-key.ts';
import { type LiveSource, partial } from '../console/live.ts';
import type { RefreshedByKey } from '../refreshed-by-key.ts';
import { type Audience, audienceOf } from '../viewer.ts';
import type { Census } from './census.ts';
import { CHAINS_ID, ChainsTab } from './chains-tab.tsx';
import { filterOfKey } from './list-filter.ts';
import { stateFilter } from './list-page.ts';
import type { NodeListing } from './listing.ts';
import { NodeSource } from './live.ts';
import type { Liveness } from './liveness.ts';
import type { NetworkHeads } from './network-heads.ts';
import { NodeHead } from './node-page.tsx';
import type { NodeReader, SessionFacts } from './node-reader.ts';
import { domId, nodeRow } from './row.tsx';
import type { NodeDetail, NodeSummary } from './summary.ts';
import { chainViews, type KnownTips, NO_TIPS } from './tips.ts';
import { readTruths } from './truths.ts';

export interface NodeSourcesDeps {
  readonly bus: Bus;
  readonly clock: Pick<Clock, 'now'>;
  readonly liveness: Liveness;
  readonly listing: NodeListing;
  readonly reader: NodeReader;
  readonly census: RefreshedByKey<Census>;
  readonly access: NodeAccess;
  readonly heads: NetworkHeads;
}

interface WithTips extends NodeDetail {
  readonly known: KnownTips;
  readonly session: SessionFacts | undefined;
}

/** What pages about nodes watch: `row` and `node` by node id, `chains` by node id, `states` by the list's filter. */
export function nodeSources(deps: NodeSourcesDeps): LiveSource[] {
  const { bus, clock, liveness, listing, reader, heads, access } = deps;
  const common = { bus, clock, liveness, access };
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
        const [nodes, tips] = await Promise.all([listing.details(ids), reader.tips(ids)]);
        const known = nodes.map(async (node) => ({
          ...node,
          known: tips.get(node.nodeId) ?? NO_TIPS,
          session: await reader.session(node.nodeId),
        }));
        return Promise.all(known);
      },
      render: ({ known: { tips, polledAt }, session, ...node }) => {
        const chains = chainViews(heads, tips);
        const truths = readTruths(node, { chains, session, polledAt }, liveness.at());
        const tab = <ChainsTab {...{ chains, truths, polledAt }} now={clock.now()} />;
        return partial(CHAINS_ID, String(tab));
      },
    }),
    statesSource(deps.census),
  ];
}

/** The counts above the list. The key is the audience and the page's filter, which stands in the links. */
function statesSource(census: RefreshedByKey<Census>): LiveSource {
  /** What each audience was told last. */
  const shown = new Map<Audience, string>();
  return {
    name: 'states',
    admit: (viewer, filters) => filters.map((filter) => audienceKey(audienceOf(viewer), filter)),
    async changes(watched, wanted) {
      const byAudience = Map.groupBy(watched, (key) => partsOfKey(key).audience);
      for (const audience of shown.keys()) if (!byAudience.has(audience)) shown.delete(audience);
      const rendered = [...byAudience].map(async ([audience, keys]) => {
        const counts = await census.read(audience);
        const now = JSON.stringify(counts.byState);
        const due = now === shown.get(audience) ? keys.filter((key) => wanted.has(key)) : keys;
        shown.set(audience, now);
        return due.map((key) => {
          const chips = stateFilter(filterOfKey(partsOfKey(key).rest), counts);
          return [key, partial('states', chips.text)] as const;
        });
      });
      return new Map((await Promise.all(rendered)).flat());
    },
  };
}
