import {
  type ChainwebNetwork,
  type Checkpoint,
  createCheckpoint,
  createGenesis,
  type Header,
  MAX_UINT256,
  simulatedNetwork,
} from '@stoa/protocol/chainweb';
import { AccountBook } from './accounts.ts';
import { type Block, BlockStore } from './block.ts';
import { Branch, type Mining, type PayloadHash } from './branch.ts';
import type { Clock } from './clock.ts';
import { SimulatedNode } from './node.ts';
import type { Chainweb, NodeOptions } from './node-view.ts';
import { PayloadBook } from './payloads.ts';
import { createRandom } from './random.ts';

export interface NetworkOptions {
  readonly seed: number;
  readonly clock: Clock;
  /** Heights that have been mined before the clock's now. */
  readonly history?: number;
  /** When it began, ms since 1970, instead: two of the same seed and start are one chain. */
  readonly startsAt?: number;
  readonly network?: ChainwebNetwork;
  /** Hashes that a block costs at the genesis. The rule adjusts it to the hash rate from there. */
  readonly work?: number;
  readonly orphanRate?: number;
  /** Depth of the pinned checkpoint below the lowest tip at the start. */
  readonly checkpointDepth?: number;
  readonly payloadHash?: PayloadHash;
}

/** Share of the block delay that miners spend on a block; for the rest the chain waits for its neighbours. */
const MINING_SHARE = 0.45;

export function createNetwork(options: NetworkOptions): SimulatedNetwork {
  return new SimulatedNetwork(options);
}

/**
 * A chainweb with its miners and nodes. Whoever asks a node advances it: blocks that are due by the clock are mined
 * then, so it needs no timers and runs at any speed.
 */
export class SimulatedNetwork implements Chainweb {
  readonly network: ChainwebNetwork;
  readonly clock: Clock;
  readonly startsAt: number;
  readonly blocks = new BlockStore();
  readonly accounts = new AccountBook();
  readonly payloads = new PayloadBook();
  readonly checkpoint: Checkpoint;
  readonly #mining: Omit<Mining, 'random' | 'branch'>;
  readonly #seed: number;
  readonly #nodes: SimulatedNode[] = [];
  readonly #origins = new Map<string, SimulatedNode>();
  #branches: Branch[];
  #forks = 0;

  constructor(options: NetworkOptions) {
    const { seed, clock, history = 150, work = 64, network = simulatedNetwork } = options;
    const payloadHash = options.payloadHash ?? this.payloads.hash;
    this.network = network;
    this.clock = clock;
    this.#seed = seed;
    this.#mining = {
      network,
      blocks: this.blocks,
      hashRate: work / ((network.blockDelayMs / 1_000) * MINING_SHARE),
      orphanRate: options.orphanRate ?? 0.02,
      payloadHash,
    };
    const { startsAt = Math.floor(clock.now()) - history * network.blockDelayMs } = options;
    this.startsAt = startsAt;
    const genesis = createGenesis(network, {
      creationTime: BigInt(startsAt) * 1_000n,
      target: MAX_UINT256 / BigInt(work),
      payloadHash: (chain) => payloadHash({ chain, height: 0, parent: '', salt: seed }),
    });
    const main = new Branch(
      { ...this.#mining, branch: 0, random: createRandom(seed) },
      genesis.map((header) => [{ header, foundAt: startsAt, branch: 0 }]),
      startsAt,
    );
    for (const chain of network.graph.keys()) {
      this.blocks.add(main.tip(chain));
    }
    this.#branches = [main];
    this.sync();
    const height = Math.max(0, main.minHeight() - (options.checkpointDepth ?? 30));
    this.checkpoint = createCheckpoint(network, main.past(height).map(lastHeader));
  }

  /** The branch of the most work. */
  get main(): Branch {
    return this.#branches.reduce((best, each) => (each.weight() > best.weight() ? each : best));
  }

  get nodes(): readonly SimulatedNode[] {
    return this.#nodes;
  }

  /** Mines what is due by then, on every branch. */
  advanceTo(ms: number): void {
    for (const branch of this.#branches) {
      branch.mineUntil(ms);
    }
  }

  /** Mines what is due by the clock. */
  sync(): void {
    this.advanceTo(this.clock.now());
  }

  addNode(options: NodeOptions = {}): SimulatedNode {
    const node = new SimulatedNode(this, this.main, { name: `node-${this.#nodes.length}`, ...options });
    this.#nodes.push(node);
    this.#origins.set(node.serviceUrl, node).set(node.p2pUrl, node);
    return node;
  }

  /** The node that listens at this origin of a URL. */
  nodeAt(origin: string): SimulatedNode | undefined {
    return this.#origins.get(origin);
  }

  /**
   * Miners who left the main branch `depth` blocks ago and have been mining unheard since. No node follows them until
   * told to, or until they are the heaviest when the network heals.
   *
   * @param speed their hash rate, relative to the main branch's
   */
  fork({ depth, speed = 1 }: { depth: number; speed?: number }): Branch {
    this.sync();
    const past = this.main.past(Math.max(0, this.main.minHeight() - depth));
    const startsAt = Math.max(...past.map((blocks) => blocks.at(-1)?.foundAt ?? 0));
    this.#forks += 1;
    const random = createRandom(this.#seed + this.#forks * 7_919);
    const hashRate = this.#mining.hashRate * speed;
    const mining = { ...this.#mining, branch: this.#forks, random, hashRate };
    const branch = new Branch(mining, past, startsAt);
    branch.mineUntil(this.clock.now());
    this.#branches.push(branch);
    return branch;
  }

  /** All nodes and miners join the heaviest branch: a reorganisation for those who were elsewhere. */
  heal(): Branch {
    this.sync();
    const { main } = this;
    for (const node of this.#nodes) {
      node.follow(main);
    }
    this.#branches = [main];
    return main;
  }

  /** Replaces the last `depth` blocks of every chain, and some more, by a heavier branch. */
  reorganise(depth: number): Branch {
    const before = this.main;
    for (let speed = 1.5; ; speed += 0.5) {
      const branch = this.fork({ depth, speed });
      if (this.main === branch) {
        return this.heal();
      }
      this.#branches = [before];
    }
  }

  stall(chain: number): void {
    this.sync();
    this.main.stall(chain);
  }

  resume(chain: number): void {
    this.sync();
    this.main.resume(chain);
  }

  header(hash: string): Header | undefined {
    return this.blocks.get(hash)?.header;
  }
}

function lastHeader(blocks: readonly Block[]): Header {
  const last = blocks.at(-1);
  if (last === undefined) {
    throw new RangeError('a chain has at least its genesis block');
  }
  return last.header;
}
