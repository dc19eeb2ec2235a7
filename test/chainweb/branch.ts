import type { ChainwebNetwork, Header } from '@stoa/protocol/chainweb';
import type { Block, BlockStore } from './block.ts';
import type { PayloadPlace } from './payloads.ts';
import { exponential, type Random } from './random.ts';
import type { Sealing } from './sealing.ts';

/** Makes what a block carries, and names it. */
export type PayloadHash = (place: PayloadPlace, foundAt: number) => string;

export interface Mining {
  /** Tells its miners' blocks from others. */
  readonly branch: number;
  readonly network: ChainwebNetwork;
  readonly blocks: BlockStore;
  readonly random: Random;
  readonly sealing: Sealing;
  /** Chance that a second miner finds a sibling of a new block before he hears of it. */
  readonly orphanRate: number;
  readonly payloadHash: PayloadHash;
  /** Whether other nodes take a block; one that they refuse leaves the chain where it was. */
  readonly adopted: (header: Header) => boolean;
}

/**
 * Miners who agree on one braid of chains. Nodes follow a branch; a fork is a second one that shares the past.
 *
 * Invariants: a block at height h rests on the blocks of the adjacent chains at h - 1; times rise strictly from parents
 * to children; what is mined depends on the seed alone, not on the steps in which time advances.
 */
export class Branch {
  readonly id: number;
  readonly #mining: Mining;
  /** chain -> height -> block. */
  readonly #chains: Block[][];
  /** When each chain's next block will be found; undefined while the chain is stalled or waits for a neighbour. */
  readonly #due: (number | undefined)[];
  readonly #stalled = new Set<number>();
  #now: number;

  /** @param chains blocks from the genesis up to one height, the same on every chain */
  constructor(mining: Mining, chains: readonly (readonly Block[])[], startsAt: number) {
    this.id = mining.branch;
    this.#mining = mining;
    this.#now = startsAt;
    this.#chains = chains.map((blocks) => [...blocks]);
    this.#due = chains.map((_blocks, chain) => this.#schedule(chain));
  }

  /** Finds every block that is due by then. */
  mineUntil(ms: number): void {
    for (;;) {
      const [chain, at] = this.#soonest();
      if (at > ms) {
        break;
      }
      this.#now = at;
      this.#extend(chain);
    }
    this.#now = Math.max(this.#now, ms);
  }

  /** Nobody finds a block of this chain until it resumes; its neighbours come to wait for it in turn. */
  stall(chain: number): void {
    this.#stalled.add(chain);
    this.#due[chain] = undefined;
  }

  resume(chain: number): void {
    this.#stalled.delete(chain);
    this.#due[chain] ??= this.#schedule(chain);
  }

  /** Draws anew when each next block will be found: the pace has changed. */
  reschedule(): void {
    for (const chain of this.#due.keys()) {
      if (this.#due[chain] !== undefined) this.#due[chain] = this.#schedule(chain);
    }
  }

  /** Number of blocks of the chain, the genesis included. */
  end(chain: number): number {
    return this.#chains[chain]?.length ?? 0;
  }

  at(chain: number, height: number): Block {
    const block = this.#chains[chain]?.[height];
    if (block === undefined) {
      throw new RangeError(`chain ${chain} has no block at height ${height}, it ends at ${this.end(chain)}`);
    }
    return block;
  }

  tip(chain: number): Block {
    return this.at(chain, this.end(chain) - 1);
  }

  has(block: Block): boolean {
    return this.#chains[block.header.chain]?.[block.header.height] === block;
  }

  /** Height of the chain's youngest block that was found by then. */
  heightAt(chain: number, ms: number): number {
    let height = this.end(chain) - 1;
    while (height > 0 && this.at(chain, height).foundAt > ms) {
      height -= 1;
    }
    return height;
  }

  minHeight(): number {
    return Math.min(...this.#chains.map((blocks) => blocks.length - 1));
  }

  weight(): bigint {
    return this.#chains.reduce((sum, blocks) => sum + (blocks.at(-1)?.header.weight ?? 0n), 0n);
  }

  /** The blocks up to and with this height, for another branch to start from. */
  past(height: number): readonly (readonly Block[])[] {
    return this.#chains.map((blocks) => blocks.slice(0, height + 1));
  }

  #soonest(): [chain: number, at: number] {
    let [soonest, at] = [0, Number.POSITIVE_INFINITY];
    for (let chain = 0; chain < this.#due.length; chain += 1) {
      const due = this.#due[chain];
      if (due !== undefined && due < at) [soonest, at] = [chain, due];
    }
    return [soonest, at];
  }

  #extend(chain: number): void {
    const { random, orphanRate } = this.#mining;
    const block = this.#mine(chain, this.#now);
    if (random() < orphanRate) {
      this.#mine(chain, this.#now + Math.ceil(random() * 2_000));
    }
    this.#due[chain] = undefined;
    if (this.#mining.adopted(block.header)) this.#chains[chain]?.push(block);
    for (const waiting of [chain, ...this.#neighbours(chain)]) {
      this.#due[waiting] ??= this.#schedule(waiting);
    }
  }

  /** A child of the chain's tip, in the store. */
  #mine(chain: number, foundAt: number): Block {
    const { branch, network, blocks, random, payloadHash, sealing } = this.#mining;
    const parent = this.tip(chain).header;
    const { height } = parent;
    const adjacentParents = this.#neighbours(chain).map((each) => this.at(each, height).header);
    const salt = Math.floor(random() * 2 ** 32);
    const work = {
      ...{ network, parent, adjacentParents, creationTime: BigInt(foundAt) * 1_000n },
      payloadHash: payloadHash({ chain, height: height + 1, parent, salt, branch }, foundAt),
    };
    const block = { header: sealing.seal(work, salt), foundAt, branch };
    blocks.add(block);
    return block;
  }

  /** @returns undefined unless the chain can be mined: it is not stalled, and its neighbours reach its height. */
  #schedule(chain: number): number | undefined {
    const tip = this.tip(chain);
    const { height } = tip.header;
    const neighbours = this.#neighbours(chain);
    if (this.#stalled.has(chain) || neighbours.some((each) => this.end(each) <= height)) {
      return undefined;
    }
    const { random, sealing } = this.#mining;
    const adjacentParents = neighbours.map((each) => this.at(each, height).header);
    return this.#now + Math.ceil(exponential(random, sealing.wait(tip.header, adjacentParents))) + 1;
  }

  #neighbours(chain: number): readonly number[] {
    return this.#mining.network.graph[chain] ?? [];
  }
}
