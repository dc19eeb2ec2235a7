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
import { Branch, type Mining } from './branch.ts';
import type { Clock } from './clock.ts';
import { SimulatedNode } from './node.ts';
import type { Chainweb, NodeOptions } from './node-view.ts';
import { exchangePending } from './pact/gossip.ts';
import { PactLedger } from './pact/ledger.ts';
import { PactMiners, type Script } from './pact/miners.ts';
import type { PactModule } from './pact/module.ts';
import { PayloadBook } from './payloads.ts';
import { createRandom } from './random.ts';
import { provenWork, type Sealing, unprovenWork } from './sealing.ts';

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
  /** Contracts that stand on every chain beside coin, from the genesis on. */
  readonly modules?: readonly PactModule[];
  /** Whether blocks are worked for and hashed. Without, they cost a hundredth, and no header verifies. */
  readonly proven?: boolean;
  /** How often nodes ask each other for pending transactions. */
  readonly gossipMs?: number;
}

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
  readonly payloads: PayloadBook;
  readonly ledger: PactLedger;
  readonly checkpoint: Checkpoint;
  readonly #miners: PactMiners;
  readonly #mining: Omit<Mining, 'random' | 'branch' | 'sealing'>;
  readonly #proven: boolean;
  readonly #work: number;
  readonly #gossipMs: number;
  readonly #waiting = new Set<() => void>();
  readonly #seed: number;
  readonly #nodes: SimulatedNode[] = [];
  readonly #origins = new Map<string, SimulatedNode>();
  #branches: Branch[];
  #forks = 0;
  #pace = 1;
  #moment: number | undefined;
  #gossipAt: number;

  constructor(options: NetworkOptions) {
    const { seed, clock, history = 150, work = 64, network = simulatedNetwork, proven = true } = options;
    this.network = network;
    this.clock = clock;
    this.#seed = seed;
    this.#proven = proven;
    this.#work = work;
    this.payloads = new PayloadBook(proven);
    const { accounts, blocks, payloads } = this;
    const { graph } = network;
    this.ledger = new PactLedger({ modules: options.modules ?? [], accounts, blocks, payloads, graph });
    this.#miners = new PactMiners(this.ledger, this.#nodes);
    this.#mining = {
      network,
      blocks,
      orphanRate: options.orphanRate ?? 0.02,
      payloadHash: (place, foundAt) => this.#miners.mine(place, foundAt),
      adopted: (header) => this.ledger.adopted(header),
    };
    const { startsAt = Math.floor(clock.now()) - history * network.blockDelayMs } = options;
    this.startsAt = startsAt;
    this.#gossipMs = options.gossipMs ?? 30_000;
    this.#gossipAt = startsAt + this.#gossipMs;
    const genesis = createGenesis(network, {
      creationTime: BigInt(startsAt) * 1_000n,
      target: MAX_UINT256 / BigInt(work),
      payloadHash: (chain) => payloads.add({ chain, height: 0, parent: undefined, salt: seed, branch: 0 }),
    });
    const main = new Branch(
      { ...this.#mining, branch: 0, random: createRandom(seed), sealing: this.#sealing(0, 1) },
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

  /** Mines what is due by then, on every branch, and lets nodes hear of each other's transactions meanwhile. */
  advanceTo(ms: number): void {
    for (; this.#gossipAt <= ms; this.#gossipAt += this.#gossipMs) {
      if (this.#nodes.every((node) => node.pact.idle)) continue;
      this.#mineTo(this.#gossipAt);
      this.#moment = this.#gossipAt;
      exchangePending(this.#nodes);
      this.#moment = undefined;
    }
    this.#mineTo(ms);
  }

  get moment(): number {
    return this.#moment ?? this.clock.now();
  }

  #mineTo(ms: number): void {
    for (const branch of this.#branches) {
      branch.mineUntil(ms);
    }
  }

  /** Mines what is due by the clock, and lets those look who wait for something. */
  sync(): void {
    this.advanceTo(this.clock.now());
    for (const look of this.#waiting) look();
  }

  /** Settles with what the look gives once it gives something. It looks whenever anybody advances the network. */
  until<T>(look: () => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const again = (): void => {
        const found = look();
        if (found === undefined) return;
        this.#waiting.delete(again);
        resolve(found);
      };
      this.#waiting.add(again);
      again();
    });
  }

  /** Blocks take that many times as long from now on: quiet days cost little. For networks without proof of work. */
  slowDown(pace: number): void {
    this.sync();
    this.#pace = pace;
    for (const branch of this.#branches) branch.reschedule();
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
   * @param script what their blocks hold, while no node follows them; nothing without
   */
  fork({ depth, speed = 1, script }: { depth: number; speed?: number; script?: Script }): Branch {
    this.sync();
    const past = this.main.past(Math.max(0, this.main.minHeight() - depth));
    const startsAt = Math.max(...past.map((blocks) => blocks.at(-1)?.foundAt ?? 0));
    this.#forks += 1;
    const random = createRandom(this.#seed + this.#forks * 7_919);
    const sealing = this.#sealing(this.#forks, speed);
    if (script !== undefined) this.#miners.script(this.#forks, script);
    const branch = new Branch({ ...this.#mining, branch: this.#forks, random, sealing }, past, startsAt);
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
    this.#miners.script(main.id, undefined);
    return main;
  }

  /**
   * Replaces the last `depth` blocks of every chain, and some more, by a heavier branch: braids don't let one chain go
   * back alone.
   */
  reorganise(depth: number, script?: Script): Branch {
    const before = this.main;
    for (let speed = 1.5; ; speed += 0.5) {
      const branch = this.fork({ depth, speed, ...(script === undefined ? {} : { script }) });
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

  #sealing(branch: number, speed: number): Sealing {
    if (this.#proven) return provenWork(this.network, { work: this.#work, speed });
    const leading = () => speed > 1 && this.#nodes.some((node) => node.follows(branch));
    const pace = () => this.#pace / (leading() ? 1 : speed);
    return unprovenWork(this.network, { branch, pace });
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
