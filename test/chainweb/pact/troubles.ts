import type { Fault } from '../exchange.ts';
import type { SimulatedNode } from '../node.ts';
import type { Random } from '../random.ts';
import { type OrphanFate, reorganise } from './reorg.ts';
import type { PactWorld } from './world.ts';

/** Something that goes wrong, and ends when it is told to. */
export interface Trouble {
  readonly name: string;
  /** @returns what ends it; ending it twice, or after the like began anew, does no harm */
  begin(world: PactWorld, random: Random): () => void;
}

/** Of what is posted to /send: before or after the node took it. The latter is the lost answer. */
const SEND_FAULTS: Readonly<Record<string, Fault>> = {
  'send: connection reset before it arrives': { kind: 'reset', before: true },
  'send: answer lost': { kind: 'reset' },
  'send: hangs before it arrives': { kind: 'hang', before: true },
  'send: taken, and never answered': { kind: 'hang' },
  'send: slow before': { kind: 'slow', ms: 45_000, before: true },
  'send: slow after': { kind: 'slow', ms: 45_000 },
  'send: 503 before it arrives': { kind: 'status', status: 503, before: true },
  'send: taken, and answered 502': { kind: 'status', status: 502 },
};

const READ_FAULTS: Readonly<Record<string, Fault>> = {
  'every answer 500': { kind: 'status', status: 500 },
  'every answer 429': { kind: 'status', status: 429 },
  'every answer cut short': { kind: 'truncate', bytes: 30 },
  'every connection reset': { kind: 'reset', before: true },
};

export const troubles: readonly Trouble[] = [
  ...Object.entries(SEND_FAULTS).map(([name, fault]) =>
    ofNode(name, (node) => {
      node.fault = ({ path }) => (path.endsWith('/send') ? fault : undefined);
      return () => {
        node.fault = undefined;
      };
    }),
  ),
  ...Object.entries(READ_FAULTS).map(([name, fault]) =>
    ofNode(name, (node) => {
      node.fault = fault;
      return () => {
        node.fault = undefined;
      };
    }),
  ),
  ofNode('node lags', (node, random) => {
    node.lag({ blocks: 1 + Math.floor(random() * 8) });
    return () => node.lag({});
  }),
  ofNode('node is stuck', (node) => {
    node.freeze();
    return () => node.thaw();
  }),
  ofNode('node of another network', (node) => withSettings(node, { networkId: 'elsewhere' })),
  ofNode('clock is fast', (node) => withSettings(node, { clockSkewMs: 120_000 })),
  ofNode('clock is slow', (node) => withSettings(node, { clockSkewMs: -120_000 })),
  ofNode('gas limit of 400,000', (node) => withSettings(node, { gasLimitOfBlock: 400_000 })),
  ofNode('node of another version', (node) => withSettings(node, { packageVersion: '3.0.0' })),
  ofNode('node drains', (node) => {
    node.draining = true;
    return () => {
      node.draining = false;
    };
  }),
  ofNode('checks take too long', (node) => {
    node.pact.overloaded = true;
    return () => {
      node.pact.overloaded = false;
    };
  }),
  ofNode('node restarts without its mempool', (node) => {
    node.pact.restart();
    return nothing;
  }),
  {
    name: 'node on a wrong fork',
    begin: ({ network, nodes }, random) => {
      const fork = network.fork({ depth: 1 + Math.floor(random() * 6), speed: 0.5 });
      nodeOf(nodes, random).follow(fork);
      return () => network.heal();
    },
  },
  {
    name: 'minimum gas price rises tenfold',
    begin: ({ nodes }) => {
      const ends = nodes.map((node) => withSettings(node, { minGasPrice: 1e-7 }));
      return () => ends.forEach((end) => void end());
    },
  },
  {
    name: 'chain stands still',
    begin: ({ network }, random) => {
      const chain = Math.floor(random() * network.network.graph.length);
      network.stall(chain);
      return () => network.resume(chain);
    },
  },
  ...(['kept', 'reordered', 'returned', 'lost'] as const).map((fate) => reorgTo(fate)),
];

function reorgTo(fate: OrphanFate & string): Trouble {
  return {
    name: `reorganisation, transactions ${fate}`,
    begin: ({ network }, random) => {
      reorganise(network, { depth: 1 + Math.floor(random() * 9), fate });
      return nothing;
    },
  };
}

function ofNode(name: string, begin: (node: SimulatedNode, random: Random) => () => void): Trouble {
  return { name, begin: ({ nodes }, random) => begin(nodeOf(nodes, random), random) };
}

function nodeOf(nodes: readonly SimulatedNode[], random: Random): SimulatedNode {
  return nodes[Math.floor(random() * nodes.length)]!;
}

/** @returns what sets these as they were when the node was set up, whatever began meanwhile */
function withSettings(node: SimulatedNode, changes: Parameters<SimulatedNode['configure']>[0]): () => void {
  node.configure(changes);
  const changed = Object.entries(node.own).filter(([name]) => name in changes);
  return () => node.configure(Object.fromEntries(changed));
}

function nothing(): void {
  // It was over at once.
}
