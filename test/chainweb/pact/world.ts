import { ManualClock } from '../clock.ts';
import { type Fetch, networkFetch } from '../fetch.ts';
import { createNetwork, type NetworkOptions, type SimulatedNetwork } from '../network.ts';
import type { SimulatedNode } from '../node.ts';
import type { NodeOptions } from '../node-view.ts';
import type { Guard } from './module.ts';

export interface PactWorldOptions extends Omit<NetworkOptions, 'seed' | 'clock'> {
  readonly seed?: number;
  readonly clock?: ManualClock;
  /** Coin accounts that every chain has from the genesis on, with their balance. */
  readonly accounts?: readonly {
    readonly account: string;
    readonly guard: Guard;
    readonly balance: number | string;
  }[];
  /** One for each; two like the default ones without. */
  readonly nodes?: readonly NodeOptions[];
}

/** A network in memory, on a clock of its own, for tests that are about transactions. */
export interface PactWorld {
  readonly network: SimulatedNetwork;
  readonly clock: ManualClock;
  readonly nodes: readonly SimulatedNode[];
  /** Reaches every node by its `serviceUrl` and `p2pUrl`, through the same handler as sockets do. */
  readonly fetch: Fetch;
  /** Base of a node's Pact API on a chain. */
  pactUrl(node: number, chain: number): string;
  /** Moves the clock, step by step so that those who wait see each one, and mines what is due. */
  advance(ms: number): void;
}

const STEP_MS = 5_000;

/** Its headers are not worked for, unless `proven`. */
export function openPactWorld(options: PactWorldOptions = {}): PactWorld {
  const { seed = 1, clock = new ManualClock(), accounts = [], nodes = [{}, {}], ...rest } = options;
  const network = createNetwork({ seed, clock, history: 5, proven: false, ...rest });
  for (const { account, guard, balance } of accounts) network.accounts.open(account, guard, balance);
  for (const each of nodes) network.addNode(each);
  return {
    ...{ network, clock, nodes: network.nodes, fetch: networkFetch(network) },
    pactUrl: (node, chain) =>
      `${network.nodes[node]?.serviceUrl}/chainweb/0.0/${network.network.name}/chain/${chain}/pact`,
    advance: (ms) => {
      for (let left = ms; left > 0; left -= STEP_MS) {
        clock.advance(Math.min(left, STEP_MS));
        network.sync();
      }
    },
  };
}
