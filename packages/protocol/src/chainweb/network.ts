import { type ChainGraph, petersenGraph } from './graph.ts';

/** The constants of a chainweb network on which the validity of a header depends. */
export interface ChainwebNetwork {
  readonly name: string;
  readonly versionCode: number;
  readonly graph: ChainGraph;
  readonly blockDelayMs: number;
  /** Blocks in a difficulty epoch. */
  readonly window: number;
  /**
   * The first epoch starts with block 1 instead of the genesis block, whose creation time is a constant of the release
   * and would make that epoch look very long.
   */
  readonly firstEpochFromFirstBlock: boolean;
}

export const stoaNetwork: ChainwebNetwork = {
  name: 'stoa',
  versionCode: 0x0a,
  graph: petersenGraph,
  blockDelayMs: 30_000,
  window: 120,
  firstEpochFromFirstBlock: true,
};

/**
 * `stoa` by its rules, but with a version code of its own (codes up to 0xFFFF belong to production networks): the code
 * stands in every header, so no simulated header can ever verify on the real network, or the reverse.
 */
export const simulatedNetwork: ChainwebNetwork = {
  ...stoaNetwork,
  name: 'simulated',
  versionCode: 0x0001_000a,
};

export const networks: readonly ChainwebNetwork[] = [stoaNetwork, simulatedNetwork];

export function networkByName(name: string): ChainwebNetwork | undefined {
  return networks.find((network) => network.name === name);
}
