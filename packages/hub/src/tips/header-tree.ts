import type { ChainwebNetwork, Checkpoint, Header } from '@stoa/protocol/chainweb';

/**
 * Verified headers over a checkpoint, with the winning one of each chain. Bounded: what lies deeper than `depth` below
 * the lowest head is forgotten.
 *
 * The heads belong together. A header that simply extends them is taken at once; one that doesn't, wins only if the
 * braid that it pins, each chain's heaviest header that rests on its past, weighs more than the present heads in all.
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
    const braid = this.#braidOf(header);
    if (weightOf(braid) <= weightOf(this.#heads)) {
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

  /** The heaviest set of headers, one per chain, that rest on what this header rests on. */
  #braidOf(header: Header): Header[] {
    const pinned = this.#pastOf(header);
    return this.#heads.map((head, chain) => {
      const pin = pinned.get(chain);
      // What wins now comes first: of two that weigh the same, the one that was there stays.
      const leaves = [head, ...(this.#leaves[chain] ?? [])].filter((leaf) => this.#restsOn(leaf, pin));
      return leaves.reduce(
        (best, leaf) => (leaf.weight > best.weight ? leaf : best),
        leaves[0] ?? pin ?? head,
      );
    });
  }

  /** The header, and the youngest header of each other chain in its past: two steps reach every chain of the graph. */
  #pastOf(header: Header): Map<number, Header> {
    const past = new Map([[header.chain, header]]);
    let edge: Header[] = [header];
    while (edge.length > 0) {
      const next = edge.flatMap((each) => each.adjacents.map(({ hash }) => this.#headers.get(hash)));
      edge = next.filter((each) => each !== undefined).filter((each) => !past.has(each.chain));
      for (const each of edge) {
        past.set(each.chain, each);
      }
    }
    return past;
  }

  #restsOn(leaf: Header, pin: Header | undefined): boolean {
    let at: Header | undefined = leaf;
    while (at !== undefined && pin !== undefined && at.height > pin.height) {
      at = this.#headers.get(at.parent);
    }
    return at === pin;
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
