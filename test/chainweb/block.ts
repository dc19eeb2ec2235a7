import type { Header } from '@stoa/protocol/chainweb';

export interface Block {
  readonly header: Header;
  /** Clock time, in ms, at which the first node had it. */
  readonly foundAt: number;
  /** The branch whose miners found it. */
  readonly branch: number;
}

/** Every block that was ever mined, those of orphaned branches included. */
export class BlockStore {
  readonly #blocks = new Map<string, Block>();
  /** chain -> height -> blocks. */
  readonly #places: Block[][][] = [];

  get size(): number {
    return this.#blocks.size;
  }

  add(block: Block): void {
    const { hash, chain, height } = block.header;
    this.#blocks.set(hash, block);
    this.#places[chain] ??= [];
    const heights = this.#places[chain];
    heights[height] = [...(heights[height] ?? []), block];
  }

  get(hash: string): Block | undefined {
    return this.#blocks.get(hash);
  }

  /** In the order in which they were mined. */
  at(chain: number, height: number): readonly Block[] {
    return this.#places[chain]?.[height] ?? [];
  }

  /** The height above the chain's highest block, whatever its branch. */
  end(chain: number): number {
    return this.#places[chain]?.length ?? 0;
  }
}
