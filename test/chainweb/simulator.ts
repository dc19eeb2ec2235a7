import type { Checkpoint } from '@stoa/protocol/chainweb';
import type { Clock } from './clock.ts';
import { createNetwork, type NetworkOptions, type SimulatedNetwork } from './network.ts';
import { type ServerOptions, serveNode } from './server.ts';

export interface SimulatorOptions extends ServerOptions, Omit<NetworkOptions, 'seed' | 'clock'> {
  readonly clock: Clock;
  readonly seed?: number;
  /** `--header-stream` of the node that is served. */
  readonly headerStream?: boolean;
}

export interface Simulator {
  readonly network: SimulatedNetwork;
  readonly serviceUrl: string;
  readonly p2pUrl: string;
  readonly checkpoint: Checkpoint;
  close(): Promise<void>;
}

/** Nodes that the served one has as peers: with fewer than two a node does not earn. */
const PEERS = 8;

/** A network with one node on sockets, on whatever clock: what a local agent runs against where no chain is. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const network = createNetwork({ seed: 1, ...options });
  const node = network.addNode({ headerStream: options.headerStream ?? false });
  for (let i = 0; i < PEERS; i += 1) network.addNode();
  const { serviceUrl, p2pUrl, close } = await serveNode(node, options);
  return { network, serviceUrl, p2pUrl, checkpoint: network.checkpoint, close };
}
