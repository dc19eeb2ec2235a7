import type { MiddlewareHandler } from 'hono';
import { findNode, type Liveness, type NodeListing, NodePage, type NodeReader } from '#nodes/index.ts';
import { liveUrl } from '../console/live.ts';
import type { HttpEnv, HttpFeature, HubApp } from '../http.ts';
import type { CoinBalances } from './balances.ts';
import { miningKeysOf } from './keys.ts';
import type { MiningStore } from './store.ts';
import { type MinedKey, MiningTab } from './tab.tsx';

export interface MiningRoutesDeps {
  readonly guard: MiddlewareHandler<HttpEnv>;
  readonly listing: Pick<NodeListing, 'find'>;
  readonly liveness: Liveness;
  readonly reader: Pick<NodeReader, 'description'>;
  readonly store: MiningStore;
  readonly balances: CoinBalances;
  /** Which of these keys somebody signed a challenge with. */
  readonly proven: (keys: readonly string[]) => Promise<ReadonlySet<string>>;
}

/** A node has one key, or some while its miners move to another. */
const MOST_KEYS = 5;
const DAYS = 20;

/** The Mining tab of a node. */
export function miningRoutes(deps: MiningRoutesDeps): HttpFeature {
  const { guard, store, liveness } = deps;
  return {
    mount(app: HubApp) {
      app.use('/nodes/:id/mining', guard);
      app.get('/nodes/:id/mining', async (c) => {
        const node = await findNode(c, deps);
        const { nodeId } = node;
        const at = liveness.at();
        const description = await deps.reader.description(nodeId);
        const named = description && miningKeysOf(description.argv).slice(0, MOST_KEYS);
        const [keys, days, progress] = await Promise.all([
          named && minedOf(named, at.now, deps),
          store.days(named ?? [], DAYS),
          store.progress(),
        ]);
        const since = progress.length === 0 ? undefined : Math.max(...progress.map((one) => one.since));
        const through = progress.length === 0 ? undefined : Math.min(...progress.map((one) => one.at));
        return c.render(
          <NodePage node={node} at={at} tab="mining">
            <MiningTab view={{ keys, days, since, through, now: at.now }} />
          </NodePage>,
          { title: node.label, nav: 'nodes', live: liveUrl({ node: [nodeId] }) },
        );
      });
    },
  };
}

async function minedOf(
  keys: readonly string[],
  now: number,
  { store, balances, proven }: MiningRoutesDeps,
): Promise<MinedKey[]> {
  const held = await proven(keys);
  return Promise.all(
    keys.map(async (key) => {
      const [standing, coins] = await Promise.all([store.standing(key, now), balances.of(`k:${key}`)]);
      return { key, standing, balances: coins, proven: held.has(key) };
    }),
  );
}
