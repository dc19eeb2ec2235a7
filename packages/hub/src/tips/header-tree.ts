import type { ChainwebNetwork, Checkpoint, Header } from '@stoa/protocol/chainweb';
import { heaviestBraid } from './braid.ts';

/**
 * Verified headers over a checkpoint, with the winning one of each chain. Bounded: what lies deeper than `depth` below
 * the lowest head is forgotten.
 *
 * The heads are a braid at all times. A header that simply extends them is taken at once; one that doesn't, wins only if
 * the heaviest braid that holds it weighs more than the present one.
 */
export class HeaderTree {
  readonly #depth: number;
  readonly #network: ChainwebNetwork;
  readonly #headers = new Map<string, Header>();
  /** Without a verified child, by chain. */
  readonly #leaves: Set<Header>[];
  /** chain -> height -> winning hash. */
  readonly #winning: Map<number, string>[];
  readonly #heads: Header[];
  #floor: number;

  constructor(checkpoint: Checkpoint, depth: number) {
    this.#depth = depth;
    this.#network = checkpoint.network;
    this.#floor = checkpoint.height;
    this.#heads = [...checkpoint.headers];
    this.#leaves = checkpoint.headers.map((header) => new Set([header]));
    this.#winning = checkpoint.headers.map((header) => new Map([[header.height, header.hash]]));
    for (const header of checkpoint.headers) {
      this.#headers.set(header.hash, header);
    }
  }

  get size(): number {
    return this.#headers.size;
  }

  /** No header below this height is held. */
  get floor(): number {
    return this.#floor;
  }

  get heads(): readonly Header[] {
    return this.#heads;
  }

  get(hash: string): Header | undefined {
    return this.#headers.get(hash);
  }

  head(chain: number): Header {
    const head = this.#heads[chain];
    if (head === undefined) {
      throw new RangeError(`chain ${chain} is none of the ${this.#heads.length} of ${this.#network.name}`);
    }
    return head;
  }

  wins(header: Header): boolean {
    return this.#winning[header.chain]?.get(header.height) === header.hash;
  }

  winner(chain: number, height: number): Header | undefined {
    return this.#headers.get(this.#winning[chain]?.get(height) ?? '');
  }

  /** Verified headers up to this height above which another won. */
  losers(maxHeight: number): Header[] {
    return [...this.#headers.values()].filter(
      (header) => header.height <= maxHeight && header.height > this.#floor && !this.wins(header),
    );
  }

  /** @param header verified. @returns whether it moved the heads. */
  add(header: Header): boolean {
    const leaves = this.#leaves[header.chain];
    const parent = this.#headers.get(header.parent);
    this.#headers.set(header.hash, header);
    leaves?.add(header);
    if (parent !== undefined) {
      leaves?.delete(parent);
    }
    if (this.#extends(header)) {
      this.#heads[header.chain] = header;
      this.#winning[header.chain]?.set(header.height, header.hash);
      this.#prune();
      return true;
    }
    const braid = this.#rival(header);
    if (braid === undefined) {
      return false;
    }
    this.#adopt(braid);
    this.#prune();
    return true;
  }

  /** The youngest header that both rest on, or are. Undefined where it lies below what is held. */
  meet(a: Header, b: Header): Header | undefined {
    const [low, high] = a.height < b.height ? [a, b] : [b, a];
    if (this.wins(low) && this.wins(high)) {
      return low;
    }
    let [left, right]: (Header | undefined)[] = [low, high];
    while (left !== undefined && right !== undefined && left !== right) {
      if (left.height > right.height) {
        left = this.#headers.get(left.parent);
      } else {
        right = this.#headers.get(right.parent);
      }
    }
    return left === undefined ? undefined : right;
  }

  #extends(header: Header): boolean {
    return (
      this.head(header.chain).hash === header.parent &&
      header.adjacents.every(({ chain, hash }) => this.#winning[chain]?.get(header.height - 1) === hash)
    );
  }

  /** The heaviest braid that holds this header, if it outweighs the present one. */
  #rival(header: Header): readonly Header[] | undefined {
    const present = weightOf(this.#heads);
    const candidates = this.#heads.map((head, chain) => [head, ...(this.#leaves[chain] ?? [])]);
    // Most forks can't win even with every other chain's heaviest leaf, which is cheaper to see than to braid.
    const heaviest = candidates.map((leaves) => leaves.reduce((a, b) => (b.weight > a.weight ? b : a)));
    if (weightOf(heaviest.with(header.chain, header)) <= present) {
      return undefined;
    }
    const braid = heaviestBraid(this, header, candidates);
    return weightOf(braid) > present ? braid : undefined;
  }

  #adopt(braid: readonly Header[]): void {
    for (const [chain, head] of braid.entries()) {
      const winning = this.#winning[chain];
      const before = this.head(chain);
      this.#heads[chain] = head;
      for (let height = head.height + 1; height <= before.height; height += 1) {
        winning?.delete(height);
      }
      let at: Header | undefined = head;
      while (at !== undefined && winning?.get(at.height) !== at.hash) {
        winning?.set(at.height, at.hash);
        at = this.#headers.get(at.parent);
      }
    }
  }

  #prune(): void {
    const floor = Math.min(...this.#heads.map((head) => head.height)) - this.#depth;
    // A whole pass at every sixteenth height: the map is small, and the cost vanishes.
    if (floor < this.#floor + 16) {
      return;
    }
    this.#floor = floor;
    for (const header of this.#headers.values()) {
      if (header.height < floor) {
        this.#headers.delete(header.hash);
        this.#leaves[header.chain]?.delete(header);
        this.#winning[header.chain]?.delete(header.height);
      }
    }
  }
}

function weightOf(braid: readonly Header[]): bigint {
  return braid.reduce((sum, header) => sum + header.weight, 0n);
}
