/** Leaves of all trees together; one takes about 100 bytes. */
const MAX_LEAVES = 1_000_000;

interface Sized {
  readonly tree: { /** Leaves. */ readonly size: number };
}

/** Trees that are asked of often: each is built once, however many ask at a time; the one used longest ago goes first. */
export class TreeCache<Held extends Sized> {
  readonly #maxLeaves: number;
  /** The one used last stands last. */
  readonly #held = new Map<string, Promise<Held | undefined>>();
  readonly #leaves = new Map<string, number>();

  constructor(maxLeaves: number = MAX_LEAVES) {
    this.#maxLeaves = maxLeaves;
  }

  /** Undefined, and not remembered, where there is none. */
  async of(name: string, load: () => Promise<Held | undefined>): Promise<Held | undefined> {
    const held = this.#held.get(name) ?? load();
    this.#held.delete(name);
    this.#held.set(name, held);
    try {
      const one = await held;
      if (one === undefined) this.#forget(name);
      else this.#count(name, one.tree.size);
      return one;
    } catch (error) {
      this.#forget(name);
      throw error;
    }
  }

  #count(name: string, leaves: number): void {
    if (!this.#held.has(name)) return;
    this.#leaves.set(name, leaves);
    for (const oldest of this.#held.keys()) {
      if (this.size <= this.#maxLeaves || oldest === name) return;
      this.#forget(oldest);
    }
  }

  /** Leaves held. */
  get size(): number {
    return [...this.#leaves.values()].reduce((sum, leaves) => sum + leaves, 0);
  }

  #forget(name: string): void {
    this.#held.delete(name);
    this.#leaves.delete(name);
  }
}
