import { type ChainwebNetwork, type Cut, hashText, sha512t256, type Tip } from '@stoa/protocol/chainweb';
import type { AccountBook } from './accounts.ts';
import type { Block, BlockStore } from './block.ts';
import type { Branch } from './branch.ts';
import type { Clock } from './clock.ts';
import type { PactLedger } from './pact/ledger.ts';
import type { PayloadBook } from './payloads.ts';

/** What nodes see of the network that they are part of. */
export interface Chainweb {
  readonly network: ChainwebNetwork;
  readonly clock: Clock;
  readonly blocks: BlockStore;
  readonly accounts: AccountBook;
  readonly payloads: PayloadBook;
  readonly ledger: PactLedger;
  readonly nodes: readonly { readonly p2pUrl: string }[];
  /** Ms since 1970: the clock's now, or an earlier moment while that is made up for. */
  readonly moment: number;
  /** Mines what is due by the clock. */
  sync(): void;
  until<T>(look: () => T | undefined): Promise<T>;
}

export interface NodeOptions {
  readonly name?: string;
  /** How long after it was found this node hears of a block. */
  readonly propagationMs?: number;
  readonly gasLimitOfBlock?: number;
  readonly minGasPrice?: number;
  /** Whether blocks are mined with what its mempool holds. */
  readonly mines?: boolean;
  /** Name of the network that it takes itself to be part of. */
  readonly networkId?: string;
  /** `--header-stream`: serves /header/updates. */
  readonly headerStream?: boolean;
  readonly packageVersion?: string;
  /** What its own clock is ahead of the true time. */
  readonly clockSkewMs?: number;
}

/** One node's own view of the network: which blocks it has heard of, and which it follows. */
export class NodeView {
  readonly name: string;
  readonly serviceUrl: string;
  readonly p2pUrl: string;
  readonly chainweb: Chainweb;
  /** As it was set up; `settings` may differ for a while. */
  readonly own: Required<Omit<NodeOptions, 'name'>>;
  settings: Required<Omit<NodeOptions, 'name'>>;
  draining = false;
  /** Until when the node listened to the miners of branches that it left. */
  readonly #left = new Map<number, number>();
  #branch: Branch;
  #lag = { blocks: 0, ms: 0 };
  #frozenAt = Number.POSITIVE_INFINITY;

  constructor(chainweb: Chainweb, branch: Branch, options: NodeOptions & { name: string }) {
    this.chainweb = chainweb;
    this.name = options.name;
    this.serviceUrl = `http://${this.name}.simulated:1848`;
    this.p2pUrl = `https://${this.name}.simulated:1789`;
    this.#branch = branch;
    this.own = {
      propagationMs: options.propagationMs ?? 300,
      gasLimitOfBlock: options.gasLimitOfBlock ?? 1_600_000,
      minGasPrice: options.minGasPrice ?? 1e-8,
      mines: options.mines ?? true,
      networkId: options.networkId ?? chainweb.network.name,
      headerStream: options.headerStream ?? false,
      packageVersion: options.packageVersion ?? '2.32.0',
      clockSkewMs: options.clockSkewMs ?? 0,
    };
    this.settings = this.own;
  }

  /** Goes on with other settings. */
  configure(changes: Omit<NodeOptions, 'name'>): void {
    this.chainweb.sync();
    this.settings = { ...this.settings, ...changes };
  }

  /** Ms since 1970 by the node's own clock. */
  get now(): number {
    return this.chainweb.moment + this.settings.clockSkewMs;
  }

  /** Stays that many blocks, or that long, behind what it could know. */
  lag({ blocks = 0, ms = 0 }: { blocks?: number; ms?: number }): void {
    this.#lag = { blocks, ms };
  }

  /** Learns nothing more: a stuck node. */
  freeze(): void {
    this.chainweb.sync();
    this.#frozenAt = this.chainweb.clock.now();
  }

  thaw(): void {
    this.#frozenAt = Number.POSITIVE_INFINITY;
  }

  get frozen(): boolean {
    return this.#frozenAt < this.chainweb.moment;
  }

  follows(branch: number): boolean {
    return this.#branch.id === branch;
  }

  follow(branch: Branch): void {
    if (branch !== this.#branch) {
      this.#left.set(this.#branch.id, this.#heardUntil());
      this.#branch = branch;
    }
  }

  /** Whether the node has the block in its database, orphaned or not. */
  knows(block: Block): boolean {
    const own = block.branch === this.#branch.id || this.#branch.has(block);
    const until = own ? this.#heardUntil() : this.#left.get(block.branch);
    return block.foundAt <= (until ?? 0);
  }

  find(hash: string): Block | undefined {
    const block = this.chainweb.blocks.get(hash);
    return block !== undefined && this.knows(block) ? block : undefined;
  }

  /** The node's heads. @param maxHeight no chain higher than this */
  heads(maxHeight = Number.POSITIVE_INFINITY): readonly Block[] {
    this.chainweb.sync();
    return this.#headsOf(maxHeight);
  }

  #headsOf(maxHeight: number): readonly Block[] {
    const heard = this.#heardUntil();
    const heights = [...this.chainweb.network.graph.keys()].map((chain) =>
      this.#branch.heightAt(chain, heard),
    );
    const top = Math.min(maxHeight, Math.max(...heights) - this.#lag.blocks);
    const capped = heights.map((height) => Math.max(0, Math.min(height, top)));
    return capped.map((height, chain) => this.#favoured(chain, height, (other) => capped[other] ?? 0));
  }

  /** The head of one chain, of what has been mined so far. */
  head(chain: number): Block {
    if (this.#lag.blocks > 0) return this.#headsOf(Number.POSITIVE_INFINITY)[chain]!;
    const heard = this.#heardUntil();
    const heightOf = (each: number) => this.#branch.heightAt(each, heard);
    return this.#favoured(chain, heightOf(chain), heightOf);
  }

  /** The block that many below the head, or the genesis. */
  ancestor(chain: number, depth: number): Block {
    let block = this.head(chain);
    for (let left = depth; left > 0; left -= 1) {
      const parent = this.chainweb.blocks.get(block.header.parent);
      if (parent === undefined) break;
      block = parent;
    }
    return block;
  }

  cut(maxHeight?: number): Cut & { readonly id: string } {
    const tips: Tip[] = [];
    let [height, weight] = [0, 0n];
    for (const { header } of this.heads(maxHeight)) {
      tips.push({ chain: header.chain, height: header.height, hash: header.hash });
      height += header.height;
      weight += header.weight;
    }
    const id = hashText(sha512t256(new TextEncoder().encode(tips.map((tip) => tip.hash).join())));
    return { height, weight, instance: this.chainweb.network.name, tips, id };
  }

  /** A node that heard of an orphan first keeps it until a block rests on its sibling. */
  #favoured(chain: number, height: number, heightOf: (chain: number) => number): Block {
    const block = this.#branch.at(chain, height);
    const mined = this.chainweb.blocks.at(chain, height);
    if (mined.length < 2) return block;
    const [, sibling] = mined.filter((each) => each.branch === block.branch);
    const settled = this.chainweb.network.graph[chain]?.some((each) => heightOf(each) > height);
    if (sibling === undefined || settled === true || !this.knows(sibling)) {
      return block;
    }
    return (this.name.length + sibling.header.hash.charCodeAt(0)) % 2 === 0 ? sibling : block;
  }

  #heardUntil(): number {
    const now = Math.min(this.chainweb.moment, this.#frozenAt);
    return now - this.settings.propagationMs - this.#lag.ms;
  }
}
